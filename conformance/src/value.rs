//! Inputs and outputs of a definition: named values.

use std::collections::BTreeMap;
use std::ops::Index;

use mmt_reference::{InvalidInput, Matrix, Result};

/// Numbers in a row-major array; a single number has no dimensions. Whole numbers up to 2^53 and f32 values are exact in here.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Sizes of the dimensions.
    pub shape: Vec<usize>,
    /// The numbers, row by row.
    pub values: Vec<f64>,
}

impl Array {
    /// Numbers of a given shape; `None` where there are more or fewer of them.
    pub fn new(shape: Vec<usize>, values: Vec<f64>) -> Option<Self> {
        (shape.iter().product::<usize>() == values.len()).then_some(Self { shape, values })
    }

    /// The array without index `at` of dimension `axis`.
    pub fn without(&self, axis: usize, at: usize) -> Self {
        let inner: usize = self.shape[axis + 1..].iter().product();
        let size = self.shape[axis];
        let kept = (0..self.values.len()).filter(|place| place / inner % size != at);
        let values = kept.map(|place| self.values[place]).collect();
        let mut shape = self.shape.clone();
        shape[axis] -= 1;
        Self { shape, values }
    }
}

impl From<f64> for Array {
    fn from(value: f64) -> Self {
        Self { shape: Vec::new(), values: vec![value] }
    }
}

impl From<usize> for Array {
    fn from(value: usize) -> Self {
        (value as f64).into()
    }
}

impl From<Vec<f64>> for Array {
    fn from(values: Vec<f64>) -> Self {
        Self { shape: vec![values.len()], values }
    }
}

impl From<&[usize]> for Array {
    fn from(values: &[usize]) -> Self {
        values.iter().map(|&value| value as f64).collect::<Vec<_>>().into()
    }
}

impl From<&[i64]> for Array {
    fn from(values: &[i64]) -> Self {
        values.iter().map(|&value| value as f64).collect::<Vec<_>>().into()
    }
}

/// Labels of which `None` is noise, as −1.
impl From<&[Option<usize>]> for Array {
    fn from(labels: &[Option<usize>]) -> Self {
        labels.iter().map(|label| label.map_or(-1.0, |label| label as f64)).collect::<Vec<_>>().into()
    }
}

impl From<&Matrix> for Array {
    fn from(matrix: &Matrix) -> Self {
        Self { shape: vec![matrix.rows(), matrix.columns()], values: matrix.values().to_vec() }
    }
}

/// One input of a definition.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Numbers.
    Array(Array),
    /// A switch.
    Flag(bool),
    /// One of a few words.
    Word(String),
}

impl<T: Into<Array>> From<T> for Value {
    fn from(array: T) -> Self {
        Self::Array(array.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for Value {
    fn from(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

/// The inputs of one case. The getters refuse what is missing or of another form, in the reference's own words.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inputs(pub BTreeMap<String, Value>);

impl Inputs {
    /// These inputs and one more, or one of them replaced.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// An array by its name.
    ///
    /// # Errors
    /// There is none.
    pub fn array(&self, name: &'static str) -> Result<&Array> {
        match self.0.get(name) {
            Some(Value::Array(array)) => Ok(array),
            _ => Err(other_form(name, "an array of numbers")),
        }
    }

    /// An array of two dimensions.
    ///
    /// # Errors
    /// There is none.
    pub fn matrix(&self, name: &'static str) -> Result<Matrix> {
        let array = self.array(name)?;
        match array.shape[..] {
            [rows, columns] => Matrix::new(rows, columns, array.values.clone()),
            _ => Err(other_form(name, "a matrix")),
        }
    }

    /// A single number.
    ///
    /// # Errors
    /// There is none.
    pub fn real(&self, name: &'static str) -> Result<f64> {
        match self.array(name)?.values[..] {
            [value] => Ok(value),
            _ => Err(other_form(name, "a number")),
        }
    }

    /// A whole number of 0 or more.
    ///
    /// # Errors
    /// There is none.
    pub fn count(&self, name: &'static str) -> Result<usize> {
        let value = self.real(name)?;
        if value < 0.0 || value.fract() != 0.0 {
            return Err(InvalidInput::Parameter { what: name, value, allowed: "a whole number, 0 or more" });
        }
        Ok(value as usize)
    }

    /// A list of whole numbers of 0 or more.
    ///
    /// # Errors
    /// There is none, or one of them is another number.
    pub fn counts(&self, name: &'static str) -> Result<Vec<usize>> {
        let labels = self.labels(name)?.into_iter();
        labels.map(|label| label.ok_or_else(|| other_form(name, "a list without −1"))).collect()
    }

    /// A list of whole numbers of 0 or more; −1 is `None`.
    ///
    /// # Errors
    /// There is none, or one of them is another number.
    pub fn labels(&self, name: &'static str) -> Result<Vec<Option<usize>>> {
        let whole = |&value: &f64| match value {
            -1.0 => Ok(None),
            value if value >= 0.0 && value.fract() == 0.0 => Ok(Some(value as usize)),
            _ => Err(other_form(name, "a list of whole numbers")),
        };
        self.array(name)?.values.iter().map(whole).collect()
    }

    /// A list of whole numbers of any sign.
    ///
    /// # Errors
    /// There is none.
    pub fn integers(&self, name: &'static str) -> Result<Vec<i64>> {
        Ok(self.array(name)?.values.iter().map(|&value| value as i64).collect())
    }

    /// A switch.
    ///
    /// # Errors
    /// There is none.
    pub fn flag(&self, name: &'static str) -> Result<bool> {
        match self.0.get(name) {
            Some(Value::Flag(flag)) => Ok(*flag),
            _ => Err(other_form(name, "true or false")),
        }
    }

    /// A word.
    ///
    /// # Errors
    /// There is none.
    pub fn word(&self, name: &'static str) -> Result<&str> {
        match self.0.get(name) {
            Some(Value::Word(word)) => Ok(word),
            _ => Err(other_form(name, "a word")),
        }
    }
}

fn other_form(what: &'static str, expected: &str) -> InvalidInput {
    InvalidInput::Shape { what, expected: expected.to_owned(), found: "missing or something else".to_owned() }
}

/// The outputs of a definition, or of an implementation of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outputs(pub BTreeMap<String, Array>);

impl Outputs {
    /// These outputs and one more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Array>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// An output by its name.
    pub fn get(&self, name: &str) -> Option<&Array> {
        self.0.get(name)
    }
}

/// For outputs that are known to be there.
impl Index<&str> for Outputs {
    type Output = Array;

    fn index(&self, name: &str) -> &Array {
        &self.0[name]
    }
}
