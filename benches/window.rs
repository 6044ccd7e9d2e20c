//! What the window costs: the first frame, a frame at rest, scrolling a million cells, a run that streams in, idling.
//!
//! `cargo bench --bench window`, or with the names of measurements: `cargo bench --bench window -- scroll stream`. The
//! window is drawn without a display: its frames end as triangles, so that the figures are the program's alone. A frame
//! is measured by the CPU time of its thread, since other work on the machine is not its cost. A recorded run of a
//! million trials is written once, below `target/tmp`, which takes a minute or two.
#![expect(clippy::unwrap_used, reason = "a bench stops where something is not as it prepared it")]

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use egui::{Key, vec2};
use strata::analysis::quantile;
use strata::session::{Command, Route};

#[path = "support/desk.rs"]
mod desk;
#[path = "support/window.rs"]
mod window;

use window::Window;

/// As in the program itself: a frame's buffers are large, and other allocators hand them back every time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A measurement runs in a process of its own under this variable: its name.
const MEASURE: &str = "STRATA_BENCH_MEASURE";
/// The workspace that it opens.
const ROOT: &str = "STRATA_BENCH_ROOT";
/// When its process was started, in nanoseconds since 1970.
const STARTED: &str = "STRATA_BENCH_STARTED";

/// Columns of the grid: two variants on two models.
const COLUMNS: u32 = 4;

fn main() {
    match std::env::var(MEASURE).as_deref() {
        Ok("first") => first(),
        Ok("rest") => rest(),
        Ok("scroll") => scroll(),
        Ok("stream") => stream(),
        Ok("idle") => idle(),
        Ok("data") => data(),
        _ => all(),
    }
}

fn all() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let is_wanted = |measure: &str| wanted.is_empty() || wanted.iter().any(|name| name == measure);
    let folder = tempfile::tempdir().unwrap();
    if is_wanted("first") {
        first_of_several(&folder.path().join("small"));
    }
    if is_wanted("rest") || is_wanted("scroll") {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("window-of-a-million");
        desk::recorded(&root, 1_000_000 / COLUMNS);
        ["rest", "scroll"].into_iter().filter(|name| is_wanted(name)).for_each(|name| print!("{}", apart(name, &root)));
    }
    if is_wanted("stream") {
        let root = folder.path().join("stream");
        desk::write(&root, 1_000_000 / COLUMNS, 100.0, 104);
        print!("{}", apart("stream", &root));
    }
    if is_wanted("idle") {
        let root = folder.path().join("idle");
        desk::write(&root, 40, 200.0, 8);
        print!("{}", apart("idle", &root));
    }
    if is_wanted("data") {
        let root = folder.path().join("data");
        desk::write(&root, 1_000_000, 0.0, 8);
        print!("{}", apart("data", &root));
    }
}

/// Runs a measurement in a process of its own; returns what it says.
fn apart(measure: &str, root: &Path) -> String {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos().to_string();
    let mut process = Process::new(std::env::current_exe().unwrap());
    process.env(MEASURE, measure).env(ROOT, root).env(STARTED, started).stderr(Stdio::inherit());
    let done = process.output().unwrap();
    assert!(done.status.success(), "{measure} failed");
    String::from_utf8(done.stdout).unwrap()
}

fn root() -> PathBuf {
    std::env::var_os(ROOT).unwrap().into()
}

/// From the start of the process to a frame, by the clock on the wall; the median of several processes.
fn first_of_several(root: &Path) {
    desk::write(root, 10_000, 0.0, 8);
    let run = |_| apart("first", root).split_whitespace().map(|ms| ms.parse().unwrap()).collect::<Vec<f32>>();
    let runs: Vec<Vec<f32>> = (0..9).map(run).collect();
    let median = |at: usize| {
        let mut sorted: Vec<f32> = runs.iter().map(|figures| figures[at]).collect();
        sorted.sort_by(f32::total_cmp);
        quantile(&sorted, 0.5).unwrap()
    };
    let line = |what, ms| println!("{what:<34}{ms:>8.0} ms   (goal 500)");
    line("first frame", median(0));
    line("first frame of the workspace", median(1));
    line("first frame of 10,000 cases", median(2));
}

fn first() {
    let started = Duration::from_nanos(std::env::var(STARTED).unwrap().parse().unwrap());
    let since = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().saturating_sub(started).as_secs_f64() * 1e3;
    let mut window = Window::new();
    window.app.session().apply(Command::OpenWorkspace(root()));
    window.frame(Vec::new());
    println!("{}", since());
    window.until("the workspace is open", |session| session.workspace().is_some());
    println!("{}", since());
    window.app.session().apply(Command::Go(Route::Data));
    window.until("the cases are read", |session| matches!(session.cases(), strata::session::CasesView::Ready(_)));
    println!("{}", since());
}

/// Every screen with a run of a million trials behind it, and nothing to do.
fn rest() {
    let mut window = opened_with_the_run();
    for route in Route::ALL {
        window.app.session().apply(Command::Go(route));
        window.settle();
        let frames: Vec<f32> = (0..200).map(|_| window.frame(Vec::new())).collect();
        report(&format!("frame at rest, {}", route.word()), &frames, 1.0);
    }
}

/// The grid of a million cells.
fn scroll() {
    let mut window = opened_with_the_run();
    let begun = Instant::now();
    window.app.session().apply(Command::Go(Route::Results));
    window.until("the run is read", |session| session.runs().rows().is_some() && session.runs().board().is_some());
    println!("a million trials read and shown   {:>8.1} s", begun.elapsed().as_secs_f64());
    window.settle();
    window.point_at_the_middle();
    let mut paced = |move_on: &mut dyn FnMut(&mut Window) -> f32| {
        let one = |_| {
            let end = Instant::now() + Duration::from_millis(16);
            let cpu = move_on(&mut window);
            std::thread::sleep(end.saturating_duration_since(Instant::now()));
            cpu
        };
        let frames: Vec<f32> = (0..400).map(one).collect();
        window.settle();
        frames
    };
    let frames = paced(&mut |window| window.wheel_lines(1.0));
    report("scrolling by the wheel", &frames, 3.0);
    let frames = paced(&mut |window| window.wheel_points(vec2(0.0, -40.0)));
    report("scrolling 40 points a frame", &frames, 3.0);
    let frames = paced(&mut |window| window.wheel_points(vec2(0.0, -13_000.0)));
    report("a jump of 260 rows each frame", &frames, 3.0);
    let mut back = false;
    let frames = paced(&mut |window| {
        back = !back;
        window.key(if back { Key::Home } else { Key::End })
    });
    report("first row, last row, first row", &frames, 3.0);
    let frames: Vec<f32> = (0..60).flat_map(|_| window.wheel_and_settle(vec2(0.0, -13_000.0))).collect();
    report("a jump, and its answers come in", &frames, 3.0);
}

/// A thousand results a second, into a plan of a million trials.
fn stream() {
    let mut window = Window::new();
    window.app.session().apply(Command::OpenWorkspace(root()));
    window.until("the experiment is looked at", |session| session.offer().is_some());
    window.app.session().apply(Command::Go(Route::Experiment));
    window.app.session().apply(Command::StartRun);
    window.until("the run is under way", |session| session.runs().board().is_some_and(|board| board.ended() > 2_000));
    for (route, screen) in [(Route::Results, "Results"), (Route::Home, "Home"), (Route::Plots, "Plots")] {
        window.app.session().apply(Command::Go(route));
        window.frame(Vec::new());
        let (begun, before) = (Instant::now(), window.ended());
        let mut frames = Vec::new();
        while begun.elapsed() < Duration::from_secs(8) {
            let end = Instant::now() + Duration::from_millis(33);
            frames.push(window.frame(Vec::new()));
            std::thread::sleep(end.saturating_duration_since(Instant::now()));
        }
        #[expect(clippy::cast_precision_loss, reason = "a few thousand results")]
        let rate = (window.ended() - before) as f64 / begun.elapsed().as_secs_f64();
        report(&format!("{rate:.0} results a second, {screen}"), &frames, 4.0);
    }
    window.app.session().apply(Command::CancelRun);
    window.app.session().apply(Command::CancelRun);
    window.until("the run is over", |session| session.runs().live().is_none());
}

/// Frames without a cause: none, whatever stands on the screen.
fn idle() {
    let mut window = Window::new();
    window.app.session().apply(Command::OpenWorkspace(root()));
    window.until("the experiment is looked at", |session| session.offer().is_some());
    let each_screen = |window: &mut Window, when: &str| {
        for route in Route::ALL {
            window.app.session().apply(Command::Go(route));
            window.settle();
            println!("frames in 2 s, {when}, {:<12}{:>4}", route.word(), window.frames_in(Duration::from_secs(2)));
        }
    };
    each_screen(&mut window, "no run     ");
    window.app.session().apply(Command::StartRun);
    window.until("some trials ended", |session| session.runs().board().is_some_and(|board| board.ended() > 10));
    window.app.session().apply(Command::PauseRun);
    let calls_ended = |session: &strata::session::Session| {
        session.runs().board().is_some_and(|board| board.paused().is_some() && board.in_flight() == 0)
    };
    window.until("the run pauses", calls_ended);
    each_screen(&mut window, "run paused ");
    window.app.session().apply(Command::ContinueRun);
    window.until("the run is over", |session| session.runs().live().is_none());
    std::thread::sleep(Duration::from_secs(7));
    each_screen(&mut window, "run is over");
}

/// A dataset of a million rows on Data: no frame waits for it.
fn data() {
    let mut window = Window::new();
    window.app.session().apply(Command::OpenWorkspace(root()));
    window.until("the workspace is open", |session| session.workspace().is_some());
    let begun = Instant::now();
    window.app.session().apply(Command::Go(Route::Data));
    let mut worst = 0.0_f32;
    let mut look = |window: &mut Window| {
        let begun = Instant::now();
        window.frame(Vec::new());
        worst = worst.max(begun.elapsed().as_secs_f32() * 1e3);
        std::thread::sleep(Duration::from_millis(16));
    };
    while !matches!(window.app.session().cases(), strata::session::CasesView::Ready(_)) {
        look(&mut window);
    }
    let ready = begun.elapsed().as_secs_f64();
    (0..60).for_each(|_| look(&mut window));
    println!("a million rows opened on Data     {ready:>8.1} s");
    println!("the longest frame meanwhile       {worst:>8.1} ms   (by the clock; goal 100)");
}

fn opened_with_the_run() -> Window {
    let mut window = Window::new();
    window.app.session().apply(Command::OpenWorkspace(root()));
    window.until("the runs are listed", |session| !session.runs().recorded().is_empty());
    window
}

fn report(what: &str, frames: &[f32], goal: f32) {
    let mut sorted = frames.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = |q| quantile(&sorted, q).unwrap();
    println!("{what:<34}{:>8.2} ms   p99 {:>6.2} ms   (goal {goal})", at(0.5), at(0.99));
}
