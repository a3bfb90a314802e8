//! Lays a build out for a terminal of a given size, as BuildKit does.

use std::time::Duration;

use container_terminal::{Line, Span, WindowSize, columns_of};

use super::board::{Board, LOG_LINES, Vertex, VertexState};

/// The lines to show: fewer than the terminal has, each narrower than it is.
pub(super) fn frame(board: &Board, now: Duration, size: WindowSize) -> Vec<Line> {
    let columns = columns(size);
    let Some(mut rows) = usize::from(size.rows).checked_sub(2).filter(|rows| *rows > 0) else {
        return vec![headline(board, now, columns, "")];
    };
    let mut lines = vec![headline(board, now, columns, "")];
    let shown = choose(&board.vertices, rows);
    rows -= shown.len();
    let running = shown.iter().filter(|vertex| vertex.is_running()).count();
    for (index, vertex) in shown.iter().enumerate() {
        lines.push(vertex_line(vertex, now, columns, false));
        if !vertex.is_running() {
            continue;
        }
        // What is left is shared by those that have not had their lines yet.
        let others = shown.iter().take(index).filter(|vertex| vertex.is_running()).count();
        let share = (rows / (running - others).max(1)).min(LOG_LINES);
        let log = vertex.last_lines();
        let last = log.get(log.len().saturating_sub(share)..).unwrap_or_default();
        rows -= last.len();
        lines.extend(last.iter().map(|text| log_line(text, columns)));
    }
    lines
}

/// What stays at the end: everything that was done.
pub(super) fn last_frame(board: &Board, now: Duration, size: WindowSize) -> Vec<Line> {
    let columns = columns(size);
    let outcome = if board.has_failed { " ERROR" } else { " FINISHED" };
    let vertices = board.vertices.iter();
    std::iter::once(headline(board, now, columns, outcome))
        .chain(vertices.map(|vertex| vertex_line(vertex, now, columns, true)))
        .collect()
}

/// A line that is as wide as the terminal is wrapped by some.
fn columns(size: WindowSize) -> usize {
    usize::from(size.columns).saturating_sub(1)
}

/// Those that get a line, in their own order: what is being done has precedence, then what was done last.
fn choose(vertices: &[Vertex], most: usize) -> Vec<&Vertex> {
    let running = vertices.iter().filter(|vertex| vertex.is_running()).count();
    let (mut running, mut others) = (running.min(most), most.saturating_sub(running));
    let mut chosen: Vec<&Vertex> = Vec::new();
    for vertex in vertices.iter().rev() {
        let left = if vertex.is_running() { &mut running } else { &mut others };
        if *left > 0 {
            *left -= 1;
            chosen.push(vertex);
        }
    }
    chosen.reverse();
    chosen
}

fn headline(board: &Board, now: Duration, columns: usize, outcome: &str) -> Line {
    let (done, total) = (board.done(), board.total());
    let text = format!("[+] Building {} ({done}/{total}){outcome}", seconds(now));
    Line::fit(&[Span::plain(text)], columns, false)
}

fn vertex_line(vertex: &Vertex, now: Duration, columns: usize, has_ended: bool) -> Line {
    let word = match vertex.state {
        VertexState::Running if has_ended => "CANCELED ",
        VertexState::Failed(_) => "ERROR ",
        VertexState::Running | VertexState::Done(_) if vertex.is_cached => "CACHED ",
        VertexState::Running | VertexState::Done(_) => "",
    };
    let text = format!(" => {word}{}", vertex.name);
    timed(&text, &seconds(vertex.took(now)), columns)
}

fn log_line(text: &str, columns: usize) -> Line {
    Line::fit(&[Span::plain(format!(" => => # {text}"))], columns, false)
}

/// A text and, at the right end of the line, a time. The text is cut where there is no room for both.
fn timed(text: &str, time: &str, columns: usize) -> Line {
    let room = columns.saturating_sub(columns_of(time) + 1);
    let cut = Line::fit(&[Span::plain(text)], room, false);
    let gap = " ".repeat(columns.saturating_sub(columns_of(cut.text()) + columns_of(time)));
    Line::fit(&[Span::plain(format!("{}{gap}{time}", cut.text()))], columns, false)
}

fn seconds(time: Duration) -> String {
    format!("{:.1}s", time.as_secs_f64())
}

#[cfg(test)]
mod tests;
