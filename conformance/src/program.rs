//! A program outside, asked over its standard input and output, within a time limit.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::implementation::{Answer, Call, Fault, Implementation, Offer};
use crate::protocol::{Folder, LONGEST_LINE, call_line, offer_line, parse_answer, parse_offer};

/// Lines of standard error that are kept, and bytes of each.
const LAST_WORDS: usize = 20;
const LONGEST_WORD: u64 = 400;

/// How long a program may take to start and say what it offers, where an answer may not take longer: some import for a while.
const START: Duration = Duration::from_secs(60);

/// How long a program that closed its output is waited for, to learn its exit status.
const FAREWELL: Duration = Duration::from_millis(500);

/// How a program is started and how long it may take.
#[derive(Debug)]
pub struct Program {
    command: Vec<OsString>,
    limit: Duration,
    /// Files of large arrays, for this program only; it goes with it.
    folder: TempDir,
    running: Option<Running>,
    words: Arc<Mutex<VecDeque<String>>>,
    calls: u64,
}

/// The program while it runs.
#[derive(Debug)]
struct Running {
    child: Child,
    questions: Sender<Vec<u8>>,
    answers: Receiver<Line>,
}

/// A line, as the reader of standard output has seen it.
#[derive(Debug)]
enum Line {
    Whole(Vec<u8>),
    TooLong,
}

impl Program {
    /// A program and its arguments; it is started when it is first asked.
    ///
    /// # Errors
    /// No folder for its files can be made.
    pub fn new(command: &[OsString], limit: Duration) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("conformance-").tempdir()?;
        let words = Arc::default();
        Ok(Self { command: command.to_vec(), limit, folder, running: None, words, calls: 0 })
    }

    /// Where files of large arrays lie; it is removed with this value.
    pub fn folder_path(&self) -> &std::path::Path {
        self.folder.path()
    }

    fn folder(&self) -> Folder {
        Folder::new(self.folder.path())
    }

    /// Starts the program unless it runs.
    fn running(&mut self) -> Result<&mut Running, Fault> {
        if self.running.is_none() {
            self.running = Some(self.start()?);
        }
        self.running.as_mut().ok_or_else(|| Fault::NotStarted("it does not run".to_owned()))
    }

    fn start(&self) -> Result<Running, Fault> {
        let (name, arguments) =
            self.command.split_first().ok_or(Fault::NotStarted("no program".to_owned()))?;
        let mut child = Command::new(name)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Fault::NotStarted(format!("{}: {error}", name.display())))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(Fault::NotStarted("it has no standard input and output".to_owned()));
        };
        // A line at a time: a program that answers more than it is asked has to wait.
        let (questions, to_write) = channel();
        let (to_read, answers) = sync_channel(1);
        let words = self.words.clone();
        words.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let started = beside(move || write_lines(input, &to_write))
            .and_then(|()| beside(move || read_lines(output, &to_read)))
            .and_then(|()| beside(move || keep_words(errors, &words)));
        let mut running = Running { child, questions, answers };
        if started.is_err() {
            running.end();
        }
        started.map(|()| running)
    }

    /// Sends a line and waits for one. A program that fails is ended; the next question starts it again.
    fn exchange(&mut self, line: String, limit: Duration) -> Result<Vec<u8>, Fault> {
        let running = self.running()?;
        let result = running.exchange(line, limit);
        if result.is_err() {
            self.end();
        }
        result
    }

    fn end(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.end();
        }
    }
}

/// Does `work` beside the rest.
fn beside(work: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    let started = thread::Builder::new().spawn(work);
    let refused = |error| Fault::NotStarted(format!("this program cannot start a thread: {error}"));
    started.map(drop).map_err(refused)
}

impl Running {
    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn exchange(&mut self, line: String, limit: Duration) -> Result<Vec<u8>, Fault> {
        // The writer has no other reason to be gone than that the program does not read any more.
        if self.questions.send((line + "\n").into_bytes()).is_err() {
            return Err(self.died());
        }
        match self.answers.recv_timeout(limit) {
            Ok(Line::Whole(line)) => Ok(line),
            Ok(Line::TooLong) => Err(Fault::Nonsense(format!("a line of more than {LONGEST_LINE} bytes"))),
            Err(RecvTimeoutError::Timeout) => Err(Fault::TimedOut(limit.as_secs_f64().to_string())),
            Err(RecvTimeoutError::Disconnected) => Err(self.died()),
        }
    }

    fn died(&mut self) -> Fault {
        let begun = Instant::now();
        while begun.elapsed() < FAREWELL {
            match self.child.try_wait() {
                Ok(Some(status)) => return Fault::Died(status.to_string()),
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                Err(_) => break,
            }
        }
        Fault::Died("it closed its standard output".to_owned())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

impl Implementation for Program {
    fn offer(&mut self) -> Result<Offer, Fault> {
        let line = self.exchange(offer_line(&self.folder()), self.limit.max(START))?;
        parse_offer(&line)
    }

    fn answer(&mut self, call: Call<'_>) -> Result<Answer, Fault> {
        let folder = self.folder();
        if self.running.is_none() {
            // Started anew, it expects the first question first.
            self.offer()?;
        }
        self.calls += 1;
        let number = self.calls;
        let line = call_line(number, call, &folder)
            .map_err(|error| Fault::NotStarted(format!("{}: {error}", folder.path().display())))?;
        let line = self.exchange(line, self.limit)?;
        let answer = parse_answer(&line, number, call.definition, call.outputs, &folder);
        remove_files(&folder);
        if answer.is_err() {
            // What else it wrote belongs to no question.
            self.end();
        }
        answer
    }

    fn last_words(&self) -> Vec<String> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// Files of a call that is over. What is no plain file goes with the folder.
fn remove_files(folder: &Folder) {
    let files = std::fs::read_dir(folder.path()).into_iter().flatten().flatten();
    for file in files {
        let _ = std::fs::remove_file(file.path());
    }
}

fn write_lines(mut input: ChildStdin, lines: &Receiver<Vec<u8>>) {
    for line in lines {
        if input.write_all(&line).and_then(|()| input.flush()).is_err() {
            return;
        }
    }
}

fn read_lines(output: ChildStdout, lines: &SyncSender<Line>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        match output.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(LONGEST_LINE) if line.last() != Some(&b'\n') => {
                let _ = lines.send(Line::TooLong);
                return;
            }
            Ok(_) if lines.send(Line::Whole(line)).is_err() => return,
            Ok(_) => {}
        }
    }
}

/// Keeps the last lines of standard error; long ones are cut.
fn keep_words(errors: ChildStderr, words: &Mutex<VecDeque<String>>) {
    let mut errors = BufReader::new(errors);
    loop {
        let mut line = Vec::new();
        match errors.by_ref().take(LONGEST_WORD).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text: String = String::from_utf8_lossy(&line)
                    .chars()
                    .filter(|c| !c.is_control() || *c == '\t')
                    .collect();
                let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
                if words.len() == LAST_WORDS {
                    words.pop_front();
                }
                words.push_back(text);
            }
        }
    }
}
