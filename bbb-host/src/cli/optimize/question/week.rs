//! A week in a founder's words: times of day, and windows such as `Mon 09:00-12:00`.

use bbb_core::optimizer::problem::Invalid;
use bbb_core::optimizer::problem::schedule::{Input, Preference, Resource, Task, Window};
use serde::Deserialize;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Week {
    days: Vec<String>,
    day_start: String,
    day_end: String,
    slot_minutes: u32,
    #[serde(default)]
    clashes: Vec<[String; 2]>,
    #[serde(rename = "resource", default)]
    resources: Vec<Resource>,
    #[serde(rename = "task", default)]
    tasks: Vec<WeekTask>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeekTask {
    name: String,
    minutes: u32,
    #[serde(default)]
    windows: Vec<String>,
    #[serde(default)]
    prefer: Vec<Liked>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    after: Vec<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    points: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Liked {
    window: String,
    points: i64,
}

impl Week {
    /// The question in slots.
    pub(super) fn input(self) -> Result<Input, Invalid> {
        let start = clock("day_start", &self.day_start)?;
        let end = clock("day_end", &self.day_end)?;
        let wrong = |field: &str, rule: String| Invalid { field: field.to_owned(), rule };
        let slot = self.slot_minutes;
        if slot == 0 || end <= start || (end - start) % slot != 0 {
            return Err(wrong(
                "day_end",
                format!("must be whole slots of {slot} minutes after {}, and is {}", self.day_start, self.day_end),
            ));
        }
        let day = Day { names: &self.days, start, slot, slots: (end - start) / slot };
        let mut tasks = Vec::with_capacity(self.tasks.len());
        for (at, task) in self.tasks.into_iter().enumerate() {
            let field = |name: &str| format!("tasks[{at}].{name}");
            if task.minutes % slot != 0 {
                return Err(wrong(&field("minutes"), format!("must be whole slots of {slot} minutes, and is {}", task.minutes)));
            }
            let window = |(number, text): (usize, &String)| day.window(&field(&format!("windows[{number}]")), text);
            let liked = |(number, liked): (usize, &Liked)| {
                let window = day.window(&field(&format!("prefer[{number}].window")), &liked.window)?;
                Ok(Preference { window, bonus: liked.points })
            };
            tasks.push(Task {
                windows: task.windows.iter().enumerate().map(window).collect::<Result<_, _>>()?,
                prefer: task.prefer.iter().enumerate().map(liked).collect::<Result<_, Invalid>>()?,
                name: task.name,
                slots: task.minutes / slot,
                resources: task.resources,
                after: task.after,
                optional: task.optional,
                value: task.points,
            });
        }
        let slots_per_day = day.slots;
        Ok(Input {
            days: self.days,
            day_start_minute: start,
            slot_minutes: slot,
            slots_per_day,
            tasks,
            resources: self.resources,
            clashes: self.clashes,
        })
    }
}

/// Minutes after midnight.
fn clock(field: &str, text: &str) -> Result<u32, Invalid> {
    let parsed = || {
        let (hours, minutes) = text.trim().split_once(':')?;
        let is_number = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(hours) || !is_number(minutes) || minutes.len() != 2 || minutes >= "60" {
            return None;
        }
        let minute = hours.parse::<u32>().ok()? * 60 + minutes.parse::<u32>().ok()?;
        (minute <= 1440).then_some(minute)
    };
    parsed().ok_or_else(|| Invalid { field: field.to_owned(), rule: format!("must be a time of day such as 09:00, and has {text:?}") })
}

struct Day<'a> {
    names: &'a [String],
    start: u32,
    slot: u32,
    slots: u32,
}

impl Day<'_> {
    /// `Mon 09:00-12:00`, `09:00-12:00` for every day, or `Mon` for all of it.
    fn window(&self, field: &str, text: &str) -> Result<Window, Invalid> {
        let text = text.trim();
        let is_of = |name: &&String| text.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        let day = self.names.iter().find(is_of);
        let times = day.and_then(|day| text.strip_prefix(day.as_str())).unwrap_or(text).trim();
        if times.is_empty() && day.is_some() {
            return Ok(Window { day: day.cloned(), from: 0, to: self.slots });
        }
        let wrong = |rule: String| Invalid { field: field.to_owned(), rule };
        let Some((from, to)) = times.split_once('-') else {
            return Err(wrong(format!("must be one of the days, times, or both, such as \"Mon 09:00-12:00\", and is {text:?}")));
        };
        let slot = |text: &str| {
            let minute = clock(field, text)?;
            let inside = minute.checked_sub(self.start).filter(|minute| minute % self.slot == 0 && minute / self.slot <= self.slots);
            let rule = || format!("must begin and end with slots of {} minutes within the day, and has {text:?}", self.slot);
            inside.map(|minute| minute / self.slot).ok_or_else(|| wrong(rule()))
        };
        Ok(Window { day: day.cloned(), from: slot(from)?, to: slot(to)? })
    }
}
