//! Nodes in an order in which they can run.

use std::collections::{BTreeMap, BTreeSet};

use super::node::{Node, Stub};

/// The groups of statements of `nodes`: each after what it mentions, otherwise by place.
///
/// A cycle is broken where there is a way: a view is first made with NULLs for columns, a table without its
/// defaults and checks. Where there is none, the first node goes first and the server will say what it lacks.
pub(super) fn ordered(nodes: Vec<Node>) -> Vec<Vec<String>> {
    // Owners, comments and privileges come when everything is there, cycles too.
    let (makes, tells): (Vec<Node>, Vec<Node>) = nodes.into_iter().partition(|node| node.place.0 < 4800);
    [sorted(makes), sorted(tells)].concat()
}

fn sorted(mut nodes: Vec<Node>) -> Vec<Vec<String>> {
    nodes.sort_by(|a, b| a.place.cmp(&b.place));
    let mut graph = Graph::of(&nodes);
    let mut groups = Vec::new();
    let mut stubbed: BTreeSet<usize> = BTreeSet::new();
    loop {
        while let Some(at) = graph.ready.pop_first() {
            groups.push(match (&nodes[at].stub, stubbed.contains(&at)) {
                (Some(stub), true) => stub.completed.clone(),
                _ => nodes[at].sql.clone(),
            });
            graph.provide(at);
        }
        // Whatever waits is in a cycle, or waits for one.
        let stub = graph.waiting.iter().copied().find_map(|at| {
            let stub = nodes[at].stub.as_ref().filter(|_| !stubbed.contains(&at))?;
            (graph.satisfied(at) && graph.in_cycle(at)).then_some((at, stub))
        });
        if let Some((at, Stub { first, .. })) = stub {
            stubbed.insert(at);
            groups.push(first.clone());
            graph.provide(at);
        } else if let Some(at) = graph.waiting.pop_first() {
            graph.ready.insert(at);
        } else {
            return groups;
        }
    }
}

/// Which node needs which, by their places in the list.
struct Graph {
    needs: Vec<BTreeSet<usize>>,
    /// What the stub of a node needs.
    stub_needs: Vec<BTreeSet<usize>>,
    wanted_by: Vec<Vec<usize>>,
    ready: BTreeSet<usize>,
    waiting: BTreeSet<usize>,
    provided: BTreeSet<usize>,
}

impl Graph {
    fn of(nodes: &[Node]) -> Self {
        let mut providers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, node) in nodes.iter().enumerate() {
            for name in &node.provides {
                providers.entry(name).or_default().push(at);
            }
        }
        let find = |mentions: &BTreeSet<String>, own: usize| -> BTreeSet<usize> {
            let found = mentions.iter().filter_map(|name| providers.get(name.as_str())).flatten();
            found.copied().filter(|at| *at != own).collect()
        };
        let needs: Vec<BTreeSet<usize>> =
            nodes.iter().enumerate().map(|(at, node)| find(&node.mentions, at)).collect();
        let stub_needs = |(at, node): (usize, &Node)| match &node.stub {
            Some(stub) => find(&stub.mentions, at),
            None => BTreeSet::new(),
        };
        let mut wanted_by: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
        for (at, needs) in needs.iter().enumerate() {
            for &need in needs {
                wanted_by[need].push(at);
            }
        }
        let (ready, waiting) = (0..nodes.len()).partition(|&at| needs[at].is_empty());
        Self {
            stub_needs: nodes.iter().enumerate().map(stub_needs).collect(),
            needs,
            wanted_by,
            ready,
            waiting,
            provided: BTreeSet::new(),
        }
    }

    /// What `at` gives is there now.
    fn provide(&mut self, at: usize) {
        self.provided.insert(at);
        for other in &self.wanted_by[at] {
            if self.needs[*other].remove(&at) && self.needs[*other].is_empty() && self.waiting.remove(other) {
                self.ready.insert(*other);
            }
        }
    }

    /// Whether all that the stub of `at` needs is there.
    fn satisfied(&self, at: usize) -> bool {
        self.stub_needs[at].is_subset(&self.provided)
    }

    /// Whether `at` waits for itself.
    fn in_cycle(&self, at: usize) -> bool {
        let mut seen = BTreeSet::new();
        let mut open: Vec<usize> = self.needs[at].iter().copied().collect();
        while let Some(next) = open.pop() {
            if next == at {
                return true;
            }
            if seen.insert(next) {
                open.extend(&self.needs[next]);
            }
        }
        false
    }
}
