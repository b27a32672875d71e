//! How far a simulation is.

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::screen::Screen;

/// Into how many parts the work is cut where nobody watches: one line each.
const PLAIN_LINES: usize = 10;

/// How far it is: a bar on a terminal, a few lines elsewhere.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    all: usize,
    done: usize,
}

impl Progress {
    pub(super) fn new(screen: &Screen, all: usize, done: usize) -> Progress {
        let style = ProgressStyle::with_template("{bar:40} {pos} of {len} businesses, {eta} left").ok();
        let bar = Screen::is_watched().then(|| ProgressBar::new(all as u64)).zip(style).map(|(bar, style)| bar.with_style(style));
        if let Some(bar) = &bar {
            bar.set_position(done as u64);
        } else if done > 0 {
            screen.note(&format!("{done} of {all} businesses were simulated before"));
        }
        Progress { bar, all, done }
    }

    pub(super) fn tick(&mut self, screen: &Screen) {
        let part = |done: usize| done * PLAIN_LINES / self.all.max(1);
        let (before, now) = (part(self.done), part(self.done + 1));
        self.done += 1;
        match &self.bar {
            Some(bar) => bar.inc(1),
            None if now > before => screen.note(&format!("{} of {} businesses simulated", self.done, self.all)),
            None => {}
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
