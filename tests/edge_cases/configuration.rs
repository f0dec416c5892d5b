//! confiture.toml and flags.

use crate::process::Project;

fn with(config: &str) -> Project {
    let project = Project::good();
    project.write("confiture.toml", config);
    project
}

#[test]
fn unknown_key_is_named_with_its_place_and_the_nearest() {
    let ended = with("dir = 'm'\nlayuot = 'plain'\n").run(&["test"]).exits(2);
    ended.error(&["confiture.toml", "line 2", "layuot", "did you mean layout?"]);
}

#[test]
fn unknown_key_in_a_profile_is_named() {
    let ended = with("[profile.ci]\ntimout = 3\n").test(&["--profile", "ci"]).exits(2);
    ended.error(&["confiture.toml", "timout", "did you mean timeout?"]);
}

#[test]
fn value_of_the_wrong_kind_is_shown() {
    with("timeout = 'soon'\n").test(&[]).exits(2).error(&["timeout = 'soon'", "expected u64"]);
    with("dir =\n").test(&[]).exits(2).error(&["confiture.toml", "line 1"]);
    with("timeout = 0\n").test(&[]).exits(2).error(&["timeout must be at least 1 second"]);
}

#[test]
fn unknown_profile_is_answered_with_the_nearest() {
    let ended = with("[profile.ci]\npg = [15]\n").test(&["--profile", "cii"]).exits(2);
    ended.error(&["no profile cii", "did you mean ci?"]);
    Project::good().test(&["--profile", "ci"]).exits(2).error(&["profile ci needs a confiture.toml"]);
}

#[test]
fn required_plugin_that_is_missing_stops_the_run() {
    let ended = with("required-plugins = ['acme/no-enum']\n").test(&[]).exits(2);
    ended.error(&["required plugin acme/no-enum", "confiture plugins"]);
    with("required-plugins = ['re-up']\n").test(&[]).exits(0);
}

#[test]
fn unknown_check_in_the_file_is_refused() {
    with("skip = ['rollback']\n").test(&[]).exits(2).error(&["no check is called rollback"]);
}

#[test]
fn settings_are_found_upwards() {
    let project = with("dir = 'm'\nskip = ['re-up']\n");
    project.write("deep/down/x", "");
    let mut command = project.command(["test"]);
    command.current_dir(project.path("deep/down"));
    let ended = project.start(command).end().exits(0);
    ended.prints(&["atomic · down  ", "not asked: re-up"]);
}

#[test]
fn zero_seconds_are_no_deadline() {
    Project::good().test(&["--timeout", "0"]).exits(2).error(&["--timeout", "1"]);
}

#[test]
fn unknown_template_value_and_bad_pairs_are_refused() {
    Project::good().test(&["--set", "x"]).exits(2).error(&["expected NAME=VALUE"]);
    Project::good().test(&["--report", "junit"]).exits(2).error(&["FORMAT=FILE, such as junit=report.xml"]);
    Project::good().test(&["--report", "junit="]).exits(2).error(&["FORMAT=FILE"]);
}

#[test]
fn setting_the_server_does_not_know_is_an_error() {
    Project::good().test(&["--set", "no_such_thing=1"]).exits(2).error(&["no_such_thing"]);
}
