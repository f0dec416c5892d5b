//! Texts and numbers that fit the name of their column, and values of types known by name.

use super::rng::Rng;
use super::value::Value;

const WORDS: &[&str] = &[
    "amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "harbor", "indigo", "juniper", "kelp",
    "lumen", "maple", "north", "olive", "plum", "quartz", "river", "saffron", "thyme", "umber", "violet",
    "willow", "zephyr",
];

const NAMES: &[&str] =
    &["Ada", "Grace", "Linus", "Edsger", "Barbara", "José", "Zoë", "Søren", "Łukasz", "Ngọc"];

/// Texts that programs stumble on.
pub(super) const ODD: &[&str] = &[
    "O'Brien",
    " leading and trailing ",
    "naïve café — œuvre",
    "Ünïcödé ß",
    "日本語のテキスト",
    "emoji 👩‍👩‍👧 🚀",
    "a\\b\"c\"",
    "two\nlines",
    "tab\there",
    "100% _sure_",
    "שלום עולם",
    "e\u{301} combining",
];

/// Whether the name says that the text has a form that later migrations may rely on.
pub(super) fn is_structured(column: &str) -> bool {
    let column = column.to_ascii_lowercase();
    ["email", "url", "uri", "link", "json", "uuid", "ip", "version", "locale", "lang", "currency", "phone"]
        .iter()
        .any(|word| column.split('_').any(|part| part == *word) || (word.len() > 4 && column.contains(word)))
        || is_number(&column)
        || is_moment(&column)
}

/// Whether the name says that it is a moment in time: for integers, seconds since 1970.
pub(super) fn is_moment(column: &str) -> bool {
    let column = column.to_ascii_lowercase();
    column.ends_with("_at")
        || column.ends_with("_ts")
        || column.ends_with("_on")
        || ["time", "timestamp", "date", "created", "updated", "expires", "expiry", "deleted", "modified"]
            .iter()
            .any(|word| column.split('_').any(|part| part == *word) || column.ends_with(word))
}

fn is_number(column: &str) -> bool {
    ["count", "amount", "quantity", "size", "total", "number", "num", "price", "port", "height", "width"]
        .iter()
        .any(|word| column.split('_').any(|part| part == *word))
}

/// A text of the sort the column's name promises.
pub(super) fn text(column: &str, width: Option<usize>, rng: &mut Rng) -> String {
    let name = column.to_ascii_lowercase();
    let has = |word: &str| name.contains(word);
    if let Some(width) = width {
        return long(width.max(1), rng);
    }
    let word = |rng: &mut Rng| rng.pick(WORDS).to_owned();
    if has("email") {
        return format!("{}.{}@example.com", word(rng), rng.below(100_000));
    }
    if has("url") || has("uri") || has("link") {
        return format!("https://example.com/{}/{}", word(rng), rng.below(100_000));
    }
    if has("json") {
        return json(rng);
    }
    if has("uuid") || has("guid") {
        return super::sample::sample(&super::kind::Kind::Uuid, WISH, rng).text();
    }
    if has("phone") {
        return format!("+4930{:07}", rng.below(10_000_000));
    }
    if name == "ip" || has("ip_addr") || name.ends_with("_ip") {
        return format!("10.{}.{}.{}", rng.below(256), rng.below(256), rng.below(256));
    }
    if has("hash") || has("digest") || has("token") || has("secret") {
        return format!("{:016x}{:016x}", rng.next(), rng.next());
    }
    if has("currency") {
        return rng.pick(&["EUR", "USD", "GBP", "JPY"]).to_owned();
    }
    if has("locale") || has("lang") {
        return rng.pick(&["en", "de", "fr", "pt-BR"]).to_owned();
    }
    if has("country") {
        return rng.pick(&["DE", "US", "FR", "JP"]).to_owned();
    }
    if has("version") {
        return format!("{}.{}.{}", rng.below(4), rng.below(20), rng.below(9));
    }
    if is_number(&name) {
        return rng.below(10_000).to_string();
    }
    if is_moment(&name) {
        let kind = super::kind::Kind::Timestamp { zone: false };
        return super::sample::sample(&kind, WISH, rng).text();
    }
    if name == "name" || name.ends_with("_name") || has("author") || has("title") {
        return format!("{} {}", rng.pick(NAMES), word(rng));
    }
    let count = 1 + rng.below(4);
    let mut text = word(rng);
    for _ in 1..count {
        text.push(' ');
        text.push_str(rng.pick(WORDS));
    }
    text
}

const WISH: super::sample::Wish<'_> =
    super::sample::Wish { column: "", slot: 6, distinct: None, cap: 100, width: None };

/// Exactly `length` characters.
pub(super) fn long(length: usize, rng: &mut Rng) -> String {
    let mut text = String::with_capacity(length + 8);
    while text.len() < length {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(rng.pick(WORDS));
    }
    text.truncate(length);
    // A text that ends in a space does not survive a cast to char(n).
    if text.ends_with(' ') {
        text.pop();
        text.push('x');
    }
    text
}

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A text no other number has, of at most `limit` bytes where that many exist.
pub(super) fn distinct(
    column: &str,
    number: u64,
    limit: usize,
    width: Option<usize>,
    rng: &mut Rng,
) -> String {
    let mut digits = Vec::new();
    let mut rest = number;
    loop {
        digits.push(DIGITS[(rest % 36) as usize]);
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    digits.reverse();
    let tail: String = digits.iter().map(|digit| char::from(*digit)).collect();
    if tail.len() > limit {
        // Few bytes, many characters: the limit of varchar and char counts characters.
        let mut text = String::new();
        let mut rest = number;
        for _ in 0..limit.max(1) {
            text.extend(char::from_u32(0x4E00 + (rest % 20_000) as u32));
            rest /= 20_000;
        }
        return text;
    }
    if let Some(width) = width.filter(|width| *width <= limit && *width > tail.len() + 1) {
        return format!("{} {tail}", long(width - tail.len() - 1, rng));
    }
    let name = column.to_ascii_lowercase();
    let full = if name.contains("email") {
        format!("{}.{tail}@example.com", rng.pick(WORDS))
    } else if name.contains("url") || name.contains("uri") {
        format!("https://example.com/{tail}")
    } else if name.contains("uuid") || name == "id" && limit >= 36 {
        format!(
            "{:08x}-{:04x}-4{:03x}-8000-{number:012x}",
            rng.below(1 << 32),
            rng.below(1 << 16),
            rng.below(1 << 12)
        )
    } else {
        format!("{}-{tail}", rng.pick(WORDS))
    };
    if full.len() <= limit { full } else { tail }
}

/// A whole number of the sort the column's name promises.
pub(super) fn integer(column: &str, bytes: u8, rng: &mut Rng) -> i64 {
    if is_moment(column) && bytes >= 4 {
        let seconds = rng.between(1_546_300_800, 1_735_689_599);
        return if bytes == 8 && column.to_ascii_lowercase().ends_with("ms") {
            seconds * 1000
        } else {
            seconds
        };
    }
    match column {
        "year" => rng.between(1990, 2024),
        "month" => rng.between(1, 12),
        "day" => rng.between(1, 28),
        _ => rng.between(0, 1000),
    }
}

/// A small JSON object.
pub(super) fn json(rng: &mut Rng) -> String {
    match rng.below(5) {
        0 => format!("{{\"id\": {}, \"tags\": [\"{}\", \"ü\"]}}", rng.below(1000), rng.pick(WORDS)),
        1 => format!("{{\"name\": \"{}\", \"enabled\": {}}}", rng.pick(WORDS), rng.one_in(2)),
        2 => format!("{{\"nested\": {{\"value\": {}.5, \"none\": null}}}}", rng.below(100)),
        _ => format!("{{\"key\": \"{}\", \"count\": {}}}", rng.pick(WORDS), rng.below(50)),
    }
}

/// A value of a type that is known by its name; for others a short text, which the server judges.
pub(super) fn named(name: &str, modifiers: &[String], number: u64, rng: &mut Rng) -> Value {
    let octet = |shift: u32| (number >> shift) & 0xFF;
    let word = || WORDS[(number % WORDS.len() as u64) as usize];
    let size = |default: usize| modifiers.first().and_then(|text| text.parse().ok()).unwrap_or(default);
    Value::Literal(match name {
        "inet" => format!("10.{}.{}.{}", octet(16), octet(8), octet(0)),
        "cidr" => format!("10.{}.{}.{}/32", octet(16), octet(8), octet(0)),
        "macaddr" => format!("08:00:2b:{:02x}:{:02x}:{:02x}", octet(16), octet(8), octet(0)),
        "macaddr8" => format!("08:00:2b:01:02:{:02x}:{:02x}:{:02x}", octet(16), octet(8), octet(0)),
        "point" => format!("({number},{})", number + 1),
        "line" => format!("{{1,-1,{number}}}"),
        "lseg" => format!("[(0,{number}),(1,{number})]"),
        "box" => format!("({},{}),({},{})", number * 2 + 1, number * 2 + 1, number * 2, number * 2),
        "path" => format!("[(0,0),({number},1)]"),
        "polygon" => format!("((0,0),({number},1),(1,{}))", number + 2),
        "circle" => format!("<({},0),0.5>", number * 2),
        "tsvector" => format!("'{}':1 'n{number}':2", word()),
        "tsquery" => format!("'{}' & 'n{number}'", word()),
        "xml" => format!("<row><id>{number}</id><w>{}</w></row>", word()),
        "jsonpath" => format!("$.\"k{number}\""),
        "pg_lsn" => format!("0/{:X}", number + 1),
        "pg_snapshot" | "txid_snapshot" => format!("{}:{}:", number + 10, number + 10),
        "oid" | "xid" | "cid" | "xid8" => format!("{}", number + 1),
        "tid" => format!("({},1)", number % 1_000_000),
        "regclass" => {
            rng.pick(&["pg_catalog.pg_class", "pg_catalog.pg_type", "pg_catalog.pg_proc"]).to_owned()
        }
        "regtype" => rng.pick(&["integer", "text", "boolean"]).to_owned(),
        "regproc" => rng.pick(&["pg_catalog.now", "pg_catalog.pg_backend_pid"]).to_owned(),
        "regprocedure" => "pg_catalog.now()".to_owned(),
        "regoper" => "pg_catalog.||/".to_owned(),
        "regoperator" => "pg_catalog.+(integer,integer)".to_owned(),
        "regrole" => "pg_monitor".to_owned(),
        "regnamespace" => rng.pick(&["pg_catalog", "information_schema"]).to_owned(),
        "regconfig" | "regdictionary" => "simple".to_owned(),
        "regcollation" => "pg_catalog.\"C\"".to_owned(),
        "aclitem" => "=r/pg_monitor".to_owned(),
        "int2vector" | "oidvector" => format!("{} {}", number % 100, number % 7),
        "hstore" => format!("\"k\"=>\"{number}\", \"w\"=>\"{}\"", word()),
        "ltree" => format!("top.{}.n{number}", word()),
        "lquery" => format!("top.*.n{number}"),
        "ltxtquery" => format!("{} & n{number}", word()),
        "cube" => format!("({number}, 1)"),
        "seg" => format!("{number} .. {}", number + 1),
        "isbn" | "isbn13" => "978-0-393-04002-9".to_owned(),
        "vector" | "halfvec" => {
            let values: Vec<String> =
                (0..size(3)).map(|at| format!("{}.5", (number + at as u64) % 10)).collect();
            format!("[{}]", values.join(","))
        }
        "geometry" | "geography" => format!("SRID=4326;POINT({} {})", number % 180, number % 90),
        "semver" => format!("1.{}.{}", number / 100, number % 100),
        _ => format!("{}-{number}", word()),
    })
}
