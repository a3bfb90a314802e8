//! Lays the tasks out for a terminal of a given size.

use std::time::{Duration, Instant};

use super::board::{Board, Stage, Task};
use super::painter::Picture;
use super::rate::Rate;
use super::span::{Line, Span, columns_of};
use crate::{HumanSize, WindowSize};

/// Widest bar, columns between the brackets.
const WIDEST_BAR: usize = 32;
/// Narrowest bar, columns between the brackets.
const NARROWEST_BAR: usize = 8;
/// Widest name of a task that is shown whole, columns.
const WIDEST_NAME: usize = 28;

impl Picture for Board {
    /// The rate of a stalled download falls.
    const IDLE_INTERVAL: Duration = Duration::from_secs(1);

    fn lines(&mut self, now: Instant, size: WindowSize, color: bool) -> Vec<Line> {
        self.tick(now);
        frame(self, size, color)
    }

    fn last_lines(&mut self, _: Instant, _: WindowSize, _: bool) -> Vec<Line> {
        Vec::new()
    }
}

/// The lines to show: fewer than the terminal has, and each narrower than it is, so that nothing scrolls or wraps.
pub(super) fn frame(board: &Board, size: WindowSize, color: bool) -> Vec<Line> {
    let columns = usize::from(size.columns).saturating_sub(1);
    let mut rows = usize::from(size.rows).saturating_sub(1);
    let mut take = |wanted: usize| {
        let taken = wanted.min(rows);
        rows -= taken;
        taken
    };
    // Where there is little room, the line with the total is left out last, the headline before it.
    let has_total = take(usize::from(board.tasks.len() > 1)) > 0;
    let has_headline = take(usize::from(!board.headline.is_empty())) > 0;
    let shown = choose(&board.tasks, take(board.tasks.len()));

    let sum = Sum::of(board);
    let names = shown.iter().map(|task| task.name.as_str());
    let name_columns = names
        .chain(has_total.then_some(sum.name.as_str()))
        .map(columns_of)
        .max()
        .unwrap_or(0)
        .min(WIDEST_NAME);

    let mut lines = Vec::new();
    let mut add = |spans: &[Span]| lines.push(Line::fit(spans, columns, color));
    if has_headline {
        add(&[Span::plain(board.headline.clone())]);
    }
    for task in shown {
        add(&task_line(task, name_columns, columns));
    }
    if has_total {
        add(&measured(&sum.name, sum.measure, name_columns, columns));
    }
    lines
}

/// The tasks that get a line, in their own order: those that run have precedence, then those that wait, then those that have ended.
fn choose(tasks: &[Task], most: usize) -> Vec<&Task> {
    let urgency = |task: &Task| match task.stage {
        Stage::Running | Stage::Doing(_) => 0,
        Stage::Waiting => 1,
        Stage::Ended(_) => 2,
    };
    let mut indices: Vec<usize> = (0..tasks.len()).collect();
    indices.sort_by_key(|index| (urgency(&tasks[*index]), *index));
    indices.truncate(most);
    indices.sort_unstable();
    indices.into_iter().map(|index| &tasks[index]).collect()
}

/// The values that a bar shows.
#[derive(Clone, Copy)]
struct Measure<'a> {
    done: u64,
    total: Option<u64>,
    rate: &'a Rate,
    is_moving: bool,
}

/// The sum of all tasks.
struct Sum<'a> {
    name: String,
    measure: Measure<'a>,
}

impl<'a> Sum<'a> {
    fn of(board: &'a Board) -> Self {
        Self {
            name: format!("{} of {}", board.ended(), board.tasks.len()),
            measure: Measure {
                done: board.done(),
                total: board.total(),
                rate: &board.rate,
                is_moving: board.is_busy(),
            },
        }
    }
}

fn task_line(task: &Task, name_columns: usize, columns: usize) -> Vec<Span> {
    let name = || Span::plain(padded(&task.name, name_columns));
    match &task.stage {
        Stage::Running => {
            let measure = Measure {
                done: task.done,
                total: task.total,
                rate: &task.rate,
                is_moving: true,
            };
            measured(&task.name, measure, name_columns, columns)
        }
        Stage::Waiting => {
            let size = task
                .total
                .map_or_else(String::new, |total| format!(", {:#}", HumanSize(total)));
            vec![name(), Span::dim(format!("  waiting{size}"))]
        }
        Stage::Doing(what) => vec![name(), Span::plain(format!("  {what}"))],
        Stage::Ended(outcome) => vec![name(), Span::dim(format!("  {outcome}"))],
    }
}

/// A line with a bar and figures. Where there is too little room the bar is left out, then the rate.
fn measured(name: &str, measure: Measure<'_>, name_columns: usize, columns: usize) -> Vec<Span> {
    let done = measure.total.map_or(measure.done, |total| measure.done.min(total));
    let figures = match measure.total {
        Some(total) => format!("{:>#7} / {:>#7}", HumanSize(done), HumanSize(total)),
        None => format!("{:>#7}", HumanSize(done)),
    };
    let rate = match measure.rate.bytes_per_second() {
        Some(rate) if measure.is_moving => format!("  {:>#7}/s", HumanSize(rate)),
        _ => String::new(),
    };
    // Room for a rate is kept while there is none, so that bars do not jump.
    let others = name_columns + "  [] ".len() + "  ".len() + figures.len() + "  999.9 MB/s".len();
    let room = columns.saturating_sub(others).min(WIDEST_BAR);
    let mut spans = vec![Span::plain(padded(name, name_columns))];
    match measure.total.filter(|total| *total > 0) {
        Some(total) if room >= NARROWEST_BAR => {
            let filled = usize::try_from(u128::from(done) * room as u128 / u128::from(total)).unwrap_or(0);
            spans.extend([
                Span::plain("  ["),
                Span::bar("=".repeat(filled)),
                Span::plain(format!("{}]", " ".repeat(room - filled))),
            ]);
        }
        _ => {}
    }
    spans.extend([Span::plain(format!("  {figures}")), Span::plain(rate)]);
    spans
}

/// Text cut or filled up to so many columns.
fn padded(text: &str, columns: usize) -> String {
    let line = Line::fit(&[Span::plain(text)], columns, false);
    format!("{}{}", line.text, " ".repeat(columns - line.columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    fn text(board: &Board, rows: u16, columns: u16) -> String {
        let lines = frame(board, WindowSize { rows, columns }, false);
        lines.into_iter().map(|line| line.text + "\n").collect()
    }

    fn pull() -> Board {
        let mut board = Board::default();
        board.say("pulling alpine:latest");
        for (name, total) in [
            ("layer aaaaaaaaaaaa", 4_000_000),
            ("layer bbbbbbbbbbbb", 60_000_000),
            ("layer cccccccccccc", 900),
        ] {
            board.queue(name, Some(total));
        }
        board
    }

    #[test]
    fn every_stage_has_a_line_and_there_is_a_sum() {
        let mut board = pull();
        let start = Instant::now();
        board.tick(start);
        board.finish("layer aaaaaaaaaaaa", "here already");
        board.advance("layer bbbbbbbbbbbb", 15_000_000);
        board.tick(start + Duration::from_secs(1));
        let expected = "\
pulling alpine:latest
layer aaaaaaaaaaaa  here already
layer bbbbbbbbbbbb  [======                   ]  15.0 MB / 60.0 MB  15.0 MB/s
layer cccccccccccc  waiting, 900 B
1 of 3              [=======                  ]  19.0 MB / 64.0 MB  15.0 MB/s
";
        assert_eq!(text(&board, 24, 80), expected);
    }

    #[test]
    fn what_is_under_way_is_shown_when_not_everything_fits() {
        let mut board = pull();
        board.doing("layer bbbbbbbbbbbb", "unpacking");
        let shown = text(&board, 4, 80);
        assert_eq!(shown.lines().count(), 3);
        assert!(shown.contains("layer bbbbbbbbbbbb  unpacking"), "{shown}");
        assert!(shown.ends_with("60.0 MB / 64.0 MB\n"), "{shown}");
    }

    #[test]
    fn a_narrow_terminal_loses_the_bar_first() {
        let mut board = Board::default();
        board.queue("layer aaaaaaaaaaaa", Some(2_000_000));
        board.advance("layer aaaaaaaaaaaa", 1_000_000);
        assert_eq!(text(&board, 24, 50), "layer aaaaaaaaaaaa  1.00 MB / 2.00 MB\n");
    }

    proptest! {
        #[test]
        fn a_frame_fits_the_terminal(
            names in proptest::collection::vec("\\PC{0,40}", 0..30),
            steps in proptest::collection::vec((any::<u64>(), any::<Option<u64>>(), 0..5_u8), 0..30),
            rows in 0..40_u16,
            columns in 0..200_u16,
            color: bool,
        ) {
            let mut board = Board::default();
            board.say("a headline");
            for (name, (done, total, step)) in names.iter().zip(&steps) {
                board.queue(name, *total);
                match step {
                    0 => {}
                    1 => board.advance(name, *done),
                    2 => board.doing(name, "unpacking"),
                    3 => board.remark(name, "waiting for another pull of it, which takes a long time"),
                    _ => board.finish(name, "done"),
                }
            }
            board.tick(Instant::now());
            let lines = frame(&board, WindowSize { rows, columns }, color);
            prop_assert!(lines.len() < usize::from(rows.max(1)));
            prop_assert!(lines.iter().all(|line| line.columns < usize::from(columns.max(1))));
        }
    }
}
