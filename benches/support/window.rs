//! The window without a display: frames from input to triangles.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, RawInput, Rect, TouchPhase, Vec2, pos2, vec2};
use rustix::time::{ClockId, clock_gettime};
use strata::session::{Session, SessionOptions};
use strata::ui::App;

const SIZE: Vec2 = vec2(1600.0, 1000.0);
/// So long without a frame, and the window has come to rest.
const REST: Duration = Duration::from_millis(700);

pub struct Window {
    ctx: egui::Context,
    pub app: App,
    begun: Instant,
    wakes: Arc<Wakes>,
    _config: tempfile::TempDir,
}

impl Window {
    pub fn new() -> Self {
        let ctx = egui::Context::default();
        let wakes = Arc::new(Wakes::default());
        let told = wakes.clone();
        ctx.set_request_repaint_callback(move |info| told.wake(info.delay));
        let config = tempfile::tempdir().unwrap();
        let options = SessionOptions { config_dir: Some(config.path().to_owned()), ..SessionOptions::default() };
        let app = App::new(&ctx, options).unwrap();
        Self { ctx, app, begun: Instant::now(), wakes, _config: config }
    }

    /// Draws a frame; milliseconds of this thread's CPU.
    pub fn frame(&mut self, events: Vec<Event>) -> f32 {
        self.wakes.forget();
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), SIZE)),
            time: Some(self.begun.elapsed().as_secs_f64()),
            focused: true,
            max_texture_side: Some(8192),
            events,
            ..RawInput::default()
        };
        let before = cpu_time();
        let mut output = self.ctx.run_ui(input, |ui| {
            self.app.update(ui.ctx());
            self.app.draw(ui);
        });
        let triangles = self.ctx.tessellate(std::mem::take(&mut output.shapes), output.pixels_per_point);
        let taken = cpu_time().saturating_sub(before);
        std::hint::black_box(triangles);
        output.drop_without_applying_deltas();
        taken.as_secs_f32() * 1e3
    }

    /// Draws when the window asks for it, until something has happened and been drawn.
    pub fn until(&mut self, what: &str, mut happened: impl FnMut(&Session) -> bool) {
        let end = Instant::now() + Duration::from_mins(5);
        while !happened(self.app.session()) {
            assert!(Instant::now() < end, "waited too long until {what}");
            if self.wakes.wait(Duration::from_secs(1)) {
                self.frame(Vec::new());
            }
        }
    }

    /// Draws when the window asks for it, until it does not ask any more. Returns what the frames cost.
    pub fn settle(&mut self) -> Vec<f32> {
        let mut frames = vec![self.frame(Vec::new())];
        while self.wakes.wait(REST) {
            frames.push(self.frame(Vec::new()));
            assert!(frames.len() < 2_000, "the window does not come to rest");
        }
        frames
    }

    /// Frames that the window asks for by itself.
    pub fn frames_in(&mut self, time: Duration) -> u32 {
        let end = Instant::now() + time;
        let mut count = 0;
        while self.wakes.wait(end.saturating_duration_since(Instant::now())) {
            self.frame(Vec::new());
            count += 1;
        }
        count
    }

    /// Trials of the shown run that have ended.
    pub fn ended(&mut self) -> u64 {
        self.app.session().runs().board().map_or(0, strata::analysis::Board::ended)
    }

    pub fn point_at_the_middle(&mut self) {
        self.frame(vec![Event::PointerMoved(pos2(SIZE.x * 0.5, SIZE.y * 0.6))]);
    }

    pub fn wheel_lines(&mut self, lines: f32) -> f32 {
        self.frame(vec![wheel(MouseWheelUnit::Line, vec2(0.0, -lines))])
    }

    pub fn wheel_points(&mut self, points: Vec2) -> f32 {
        self.frame(vec![wheel(MouseWheelUnit::Point, points)])
    }

    /// A turn of the wheel, and all that follows it.
    pub fn wheel_and_settle(&mut self, points: Vec2) -> Vec<f32> {
        let mut frames = vec![self.wheel_points(points)];
        while self.wakes.wait(Duration::from_millis(100)) {
            frames.push(self.frame(Vec::new()));
        }
        frames
    }

    pub fn key(&mut self, key: Key) -> f32 {
        let event =
            |pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers: Modifiers::NONE };
        self.frame(vec![event(true), event(false)])
    }
}

fn wheel(unit: MouseWheelUnit, delta: Vec2) -> Event {
    Event::MouseWheel {
        unit,
        delta,
        phase: TouchPhase::Move,
        source: MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    }
}

/// When the next frame is due.
#[derive(Default)]
struct Wakes {
    due: Mutex<Option<Instant>>,
    changed: Condvar,
}

impl Wakes {
    fn wake(&self, delay: Duration) {
        let Some(at) = Instant::now().checked_add(delay) else { return };
        let mut due = self.due.lock().unwrap();
        *due = Some(due.map_or(at, |due| due.min(at)));
        self.changed.notify_all();
    }

    fn forget(&self) {
        *self.due.lock().unwrap() = None;
    }

    /// Waits for the next frame; `false` where none is due within the time.
    fn wait(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        let mut due = self.due.lock().unwrap();
        loop {
            let now = Instant::now();
            match *due {
                Some(at) if at <= now => return true,
                _ if now >= end => return false,
                _ => {}
            }
            let until = due.map_or(end, |at| at.min(end));
            due = self.changed.wait_timeout(due, until - now).unwrap().0;
        }
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}
