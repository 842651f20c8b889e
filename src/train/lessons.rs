//! The lessons of an epoch's teachers to their students, step by step, for the measure of them (D35).

use tch::{Kind, Tensor};

use crate::device::transfer;
use crate::error::{InvalidInput, Result};
use crate::eval::teaching::Anchor;
use crate::loss::objective::Lesson;

/// The numbers of a [`Lesson`].
const COLUMNS: [fn(&Lesson) -> &Tensor; 5] = [
    |lesson| &lesson.positive,
    |lesson| &lesson.negative,
    |lesson| &lesson.student,
    |lesson| &lesson.teacher,
    |lesson| &lesson.soft_label,
];

/// The lessons of the steps so far. They stay where they were made: reading them makes the processor wait.
#[derive(Debug, Default)]
pub struct Lessons {
    /// Each with the images of its batch.
    steps: Vec<(Vec<usize>, Lesson)>,
}

impl Lessons {
    /// Adds those of a step on the images of `batch`.
    ///
    /// # Errors
    /// A lesson of another number of images.
    pub fn add(&mut self, lessons: Vec<Lesson>, batch: &[usize]) -> Result<()> {
        for lesson in lessons {
            let expected = [batch.len() as i64];
            for found in COLUMNS.map(|column| column(&lesson).size()) {
                if found != expected {
                    let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
                    return Err(InvalidInput::Shape { what: "a lesson", expected, found }.into());
                }
            }
            self.steps.push((batch.to_vec(), lesson));
        }
        Ok(())
    }

    /// Every image of every batch, once for each student and teacher; none for a method without teachers. Waits for the device once.
    ///
    /// # Errors
    /// A row that is not one of its batch, or a device that refuses.
    pub fn anchors(&self) -> Result<Vec<Anchor>> {
        if self.steps.is_empty() {
            return Ok(Vec::new());
        }
        let column = |of: fn(&Lesson) -> &Tensor| {
            let steps: Vec<&Tensor> = self.steps.iter().map(|(_, lesson)| of(lesson)).collect();
            Tensor::cat(&steps, 0).to_kind(Kind::Double)
        };
        let numbers = transfer::read(&Tensor::stack(&COLUMNS.map(column), 1), "what was taught")?;
        let images = self.steps.iter().flat_map(|(batch, _)| batch.iter().map(move |image| (batch, *image)));
        let rows = numbers.chunks_exact(COLUMNS.len());
        images.zip(rows).map(|((batch, image), row)| anchor(batch, image, row)).collect()
    }
}

/// The anchor `image` of a row of [`COLUMNS`].
fn anchor(batch: &[usize], image: usize, row: &[f64]) -> Result<Anchor> {
    let mined = |row: f64| {
        let refused =
            InvalidInput::Parameter { what: "row of a pair", value: row, allowed: "one of the batch" };
        batch.get(row as usize).copied().ok_or(refused)
    };
    Ok(Anchor {
        image,
        positive: mined(row[0])?,
        negative: mined(row[1])?,
        student: row[2],
        teacher: row[3],
        soft_label: row[4] as usize,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of two images: rows of positive and negative, soft label; probabilities in f32 as in training.
    fn lesson(rows: [[i64; 3]; 2]) -> Lesson {
        let column = |at: usize| Tensor::from_slice(&rows.map(|row| row[at]));
        let probability = |of: [f32; 2]| Tensor::from_slice(&of);
        Lesson {
            positive: column(0),
            negative: column(1),
            student: probability([0.25, 0.5]),
            teacher: probability([0.75, 0.125]),
            soft_label: column(2),
        }
    }

    #[test]
    fn rows_become_the_images_of_their_own_batch_and_are_read_at_once() {
        let mut lessons = Lessons::default();
        assert_eq!(lessons.anchors().unwrap(), []);
        lessons.add(vec![lesson([[1, 0, 7], [0, 1, 8]]), lesson([[0, 1, 9], [1, 1, 6]])], &[40, 41]).unwrap();
        lessons.add(vec![lesson([[1, 0, 5], [1, 0, 4]])], &[52, 50]).unwrap();
        let before = transfer::waits();
        let found = lessons.anchors().unwrap();
        assert_eq!(transfer::waits(), before + 1);
        let images = found.iter().map(|it| [it.image, it.positive, it.negative, it.soft_label]);
        let expected = [
            [40, 41, 40, 7],
            [41, 40, 41, 8],
            [40, 40, 41, 9],
            [41, 41, 41, 6],
            [52, 50, 52, 5],
            [50, 50, 52, 4],
        ];
        assert_eq!(images.collect::<Vec<_>>(), expected);
        let probabilities = found.iter().map(|it| (it.student, it.teacher));
        assert_eq!(probabilities.collect::<Vec<_>>(), [(0.25, 0.75), (0.5, 0.125)].repeat(3));
    }

    #[test]
    fn lessons_of_other_images_are_refused() {
        let mut lessons = Lessons::default();
        assert!(lessons.add(vec![lesson([[0, 1, 0], [1, 0, 0]])], &[1, 2, 3]).is_err());
        lessons.add(vec![lesson([[0, 1, 0], [1, 2, 0]])], &[1, 2]).unwrap();
        assert!(lessons.anchors().unwrap_err().to_string().contains("row of a pair is 2"));
    }
}
