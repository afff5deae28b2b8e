//! Usage as Apache Parquet: plain pages, not compressed, one a column and group of rows.
//!
//! The seven columns are written here, and not by a crate that can write any: those bring dozens of crates with them, and change their bytes
//! from version to version. Readers of others are asked in the tests whether it is Parquet.
//! <https://github.com/apache/parquet-format>

use std::num::TryFromIntError;

use super::thrift::{Item, Struct, varint};
use super::{COLUMNS, RenderError, UsageRow};

/// How many rows are written together.
const GROUP_ROWS: usize = 100_000;

/// The first and the last bytes of a file.
const MAGIC: &[u8] = b"PAR1";

/// The numbers of the format.
mod number {
    pub(super) const VERSION: i32 = 1;
    pub(super) const REQUIRED: i32 = 0;
    pub(super) const OPTIONAL: i32 = 1;
    pub(super) const CONVERTED_TEXT: i32 = 0;
    pub(super) const CONVERTED_DATE: i32 = 6;
    pub(super) const LOGICAL_TEXT: u8 = 1;
    pub(super) const LOGICAL_DATE: u8 = 6;
    pub(super) const DATA_PAGE: i32 = 0;
    pub(super) const PLAIN: i32 = 0;
    pub(super) const RLE: i32 = 3;
    pub(super) const UNCOMPRESSED: i32 = 0;
}

/// What a column has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Days since 1970-01-01, in 32 bits.
    Date,
    /// A whole number of 64 bits.
    Number,
    /// UTF-8.
    Text,
}

impl Kind {
    /// The number of the type that stands in the file.
    const fn physical(self) -> i32 {
        match self {
            Self::Date => 1,
            Self::Number => 2,
            Self::Text => 6,
        }
    }
}

/// A column of a group of rows.
#[derive(Debug)]
struct Column {
    name: &'static str,
    kind: Kind,
    is_optional: bool,
    /// Whether there is a value, row by row. Only of an optional column.
    levels: Vec<bool>,
    /// The values, as they stand in the page.
    values: Vec<u8>,
}

/// Where a column stands in the file.
#[derive(Debug)]
struct Chunk {
    offset: i64,
    len: i64,
}

pub(super) fn render(rows: &[UsageRow]) -> Result<Vec<u8>, RenderError> {
    try_render(rows).map_err(|error| RenderError(error.into()))
}

fn try_render(rows: &[UsageRow]) -> Result<Vec<u8>, TryFromIntError> {
    let mut file = MAGIC.to_vec();
    let mut groups = Vec::new();
    for rows in rows.chunks(GROUP_ROWS) {
        let count = i32::try_from(rows.len())?;
        let mut chunks = Vec::new();
        let mut total = 0_i64;
        for column in columns(rows)? {
            let chunk = column.write(count, &mut file)?;
            total = total.saturating_add(chunk.len);
            chunks.push(Item::Struct(column.metadata(count, &chunk)));
        }
        let group = Struct::default().list(1, chunks).i64(2, total);
        groups.push(Item::Struct(group.i64(3, i64::from(count))));
    }
    let schema = schema(&columns(&[])?)?;
    let metadata = Struct::default()
        .i32(1, number::VERSION)
        .list(2, schema)
        .i64(3, i64::try_from(rows.len())?)
        .list(4, groups)
        .text(6, "tollgate")
        .finish();
    file.extend(&metadata);
    file.extend(u32::try_from(metadata.len())?.to_le_bytes());
    file.extend(MAGIC);
    Ok(file)
}

fn schema(columns: &[Column]) -> Result<Vec<Item<'static>>, TryFromIntError> {
    let count = i32::try_from(columns.len())?;
    let root = Struct::default().text(4, "usage").i32(5, count);
    let columns = columns.iter().map(|column| Item::Struct(column.schema()));
    Ok(std::iter::once(Item::Struct(root)).chain(columns).collect())
}

/// The columns, in the order of [`COLUMNS`].
fn columns(rows: &[UsageRow]) -> Result<[Column; 7], TryFromIntError> {
    let [date, key_id, customer_id, plan_id, requests, quota, overage] = COLUMNS;
    let mut days = Column::required(date, Kind::Date);
    for row in rows {
        let day = i32::try_from(row.day.number())?;
        days.values.extend(day.to_le_bytes());
    }
    let mut keys = Column::required(key_id, Kind::Text);
    let mut customers = Column::optional(customer_id, Kind::Text);
    let mut plans = Column::required(plan_id, Kind::Text);
    let mut used = Column::required(requests, Kind::Number);
    let mut quotas = Column::optional(quota, Kind::Number);
    let mut overages = Column::required(overage, Kind::Number);
    for row in rows {
        keys.text(Some(row.key_id.as_str()))?;
        customers.text(row.customer_id.as_deref())?;
        plans.text(Some(row.plan_id.as_str()))?;
        used.number(Some(row.requests));
        quotas.number(row.quota);
        overages.number(Some(row.overage));
    }
    Ok([days, keys, customers, plans, used, quotas, overages])
}

impl Column {
    const fn required(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            is_optional: false,
            levels: Vec::new(),
            values: Vec::new(),
        }
    }

    fn optional(name: &'static str, kind: Kind) -> Self {
        Self {
            is_optional: true,
            ..Self::required(name, kind)
        }
    }

    fn text(&mut self, text: Option<&str>) -> Result<(), TryFromIntError> {
        self.level(text.is_some());
        if let Some(text) = text {
            let length = u32::try_from(text.len())?;
            self.values.extend(length.to_le_bytes());
            self.values.extend(text.as_bytes());
        }
        Ok(())
    }

    fn number(&mut self, number: Option<u64>) {
        self.level(number.is_some());
        // Whole numbers of Parquet end at 2^63, as those of most readers do.
        let number = number.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        self.values
            .extend(number.into_iter().flat_map(i64::to_le_bytes));
    }

    fn level(&mut self, is_there: bool) {
        if self.is_optional {
            self.levels.push(is_there);
        }
    }

    fn schema(&self) -> Struct {
        let repetition = if self.is_optional {
            number::OPTIONAL
        } else {
            number::REQUIRED
        };
        let element = Struct::default()
            .i32(1, self.kind.physical())
            .i32(3, repetition)
            .text(4, self.name);
        let logical = |id| Struct::default().nested(id, Struct::default());
        match self.kind {
            Kind::Number => element,
            Kind::Date => element
                .i32(6, number::CONVERTED_DATE)
                .nested(10, logical(number::LOGICAL_DATE)),
            Kind::Text => element
                .i32(6, number::CONVERTED_TEXT)
                .nested(10, logical(number::LOGICAL_TEXT)),
        }
    }

    /// Writes the column as one page.
    fn write(&self, rows: i32, file: &mut Vec<u8>) -> Result<Chunk, TryFromIntError> {
        let levels = self.encoded_levels()?;
        let size = i32::try_from(levels.len().saturating_add(self.values.len()))?;
        let page = Struct::default()
            .i32(1, rows)
            .i32(2, number::PLAIN)
            .i32(3, number::RLE)
            .i32(4, number::RLE);
        let head = Struct::default()
            .i32(1, number::DATA_PAGE)
            .i32(2, size)
            .i32(3, size)
            .nested(5, page)
            .finish();
        let offset = i64::try_from(file.len())?;
        file.extend(&head);
        file.extend(&levels);
        file.extend(&self.values);
        let end = i64::try_from(file.len())?;
        Ok(Chunk {
            offset,
            len: end.saturating_sub(offset),
        })
    }

    /// Whether there is a value, row by row, in runs of the same: `<length, 4 bytes>`, and for each run `<rows · 2> <0 or 1>`.
    fn encoded_levels(&self) -> Result<Vec<u8>, TryFromIntError> {
        if !self.is_optional {
            return Ok(Vec::new());
        }
        let mut runs = Vec::new();
        for run in self.levels.chunk_by(|one, next| one == next) {
            let rows = u64::try_from(run.len())?;
            varint(&mut runs, rows.saturating_mul(2));
            runs.push(u8::from(run.first() == Some(&true)));
        }
        let mut all = u32::try_from(runs.len())?.to_le_bytes().to_vec();
        all.extend(runs);
        Ok(all)
    }

    fn metadata(&self, rows: i32, chunk: &Chunk) -> Struct {
        let encodings = vec![Item::I32(number::PLAIN), Item::I32(number::RLE)];
        let metadata = Struct::default()
            .i32(1, self.kind.physical())
            .list(2, encodings)
            .list(3, vec![Item::Text(self.name)])
            .i32(4, number::UNCOMPRESSED)
            .i64(5, i64::from(rows))
            .i64(6, chunk.len)
            .i64(7, chunk.len)
            .i64(9, chunk.offset);
        Struct::default().i64(2, chunk.offset).nested(3, metadata)
    }
}
