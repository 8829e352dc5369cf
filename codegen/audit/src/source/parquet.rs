//! Parquet: only the columns that are needed, row group by row group. A status that is a text is
//! read as codes of a dictionary, each of whose texts is looked up once.

use std::fs::File;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

use super::feed::{Feed, Gone};
use super::input::{Input, Progress};
use super::value::{self, Value};
use super::{Source, key};
use crate::Error;
use crate::batch::{Batch, Event, Id, Ids, Key, Lines, NO_TIME};
use crate::columns::{UsualNames, Wanted};
use crate::keys::Kind;
use crate::swift::Span;

/// So many rows are read at once.
const ROWS: usize = 16_384;

struct Parquet {
    file: File,
    metadata: ArrowReaderMetadata,
    columns: Places,
    bytes: u64,
    progress: Arc<Progress>,
}

/// The columns' names.
#[derive(Debug)]
struct Places {
    id: Vec<String>,
    status: String,
    order: Option<String>,
    at: Option<String>,
    fingerprint: Option<String>,
    /// What has to hold what.
    only: Vec<(String, String)>,
}

/// A file whose end is missing, so that nothing of it can be read.
struct Broken {
    message: String,
    bytes: u64,
}

impl Source for Broken {
    fn bytes(&self) -> Option<u64> {
        Some(self.bytes)
    }

    fn has_lines(&self) -> bool {
        false
    }

    fn read(self: Box<Self>, feed: &mut Feed) -> Result<(), Gone> {
        feed.cut_off(None, self.message)
    }
}

pub(super) fn open(
    input: Input,
    wanted: &Wanted,
    names: &UsualNames,
) -> Result<Box<dyn Source>, Error> {
    let (name, progress) = (input.name.clone(), Arc::clone(&input.progress));
    let file = input.into_file()?;
    let fail = |error: std::io::Error| Error::new(format!("{name}: {error}"));
    let bytes = file.metadata().map_err(fail)?.len();
    let again = || file.try_clone().map_err(fail);
    let read = ArrowReaderMetadata::load(&again()?, ArrowReaderOptions::new());
    let metadata = match read {
        Ok(metadata) => metadata,
        Err(error) => {
            let message =
                format!("its end is missing or broken, so that nothing of it is read: {error}");
            return Ok(Box::new(Broken { message, bytes }));
        }
    };
    let has: Vec<String> =
        metadata.schema().fields().iter().map(|field| field.name().clone()).collect();
    let found = wanted.find(names, &name, &has)?;
    let named = |at: usize| has[at].clone();
    let columns = Places {
        id: found.id.iter().map(|&at| named(at)).collect(),
        status: named(found.status),
        order: found.order.map(named),
        at: found.at.map(named),
        fingerprint: found.fingerprint.map(named),
        only: found.only.iter().map(|(at, value)| (named(*at), value.clone())).collect(),
    };
    for field in found.used().map(|at| metadata.schema().field(at)) {
        if !value::is_read(field.data_type()) {
            let (column, of) = (field.name(), field.data_type());
            return Err(Error::new(format!(
                "{name}: the column `{column}` is {of}, which can't be judged"
            )));
        }
    }
    let metadata = with_codes(&again()?, &columns.status, metadata);
    Ok(Box::new(Parquet { file, metadata, columns, bytes, progress }))
}

/// The same, where the status is read as codes of a dictionary, if it can be.
fn with_codes(file: &File, status: &str, metadata: ArrowReaderMetadata) -> ArrowReaderMetadata {
    let fields = metadata.schema().fields().iter().map(|field| {
        let is_text = matches!(
            field.data_type(),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _)
        );
        if field.name() != status || !is_text {
            return Arc::clone(field);
        }
        let codes = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        Arc::new(Field::new(status, codes, field.is_nullable()))
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    ArrowReaderMetadata::load(file, options).unwrap_or(metadata)
}

impl Source for Parquet {
    fn is_swift(&self) -> bool {
        let Places { id, order, at, fingerprint, only, .. } = &self.columns;
        let has_more = order.is_some() || at.is_some() || fingerprint.is_some() || !only.is_empty();
        let [id] = &id[..] else { return false };
        let field = self.metadata.schema().field_with_name(id);
        !has_more && field.is_ok_and(|field| *field.data_type() == DataType::Int64)
    }

    fn span(&self) -> Option<Span> {
        let [id] = &self.columns.id[..] else { return None };
        let metadata = self.metadata.metadata();
        let columns = metadata.file_metadata().schema_descr().columns();
        let place = columns.iter().position(|column| column.path().parts() == [id.as_str()])?;
        let of_group = |group: &RowGroupMetaData| {
            let Statistics::Int64(numbers) = group.column(place).statistics()? else { return None };
            let (first, last) = (*numbers.min_opt()?, *numbers.max_opt()?);
            Some(Span { first, last, reports: group.num_rows().cast_unsigned() })
        };
        let groups: Option<Vec<Span>> = metadata.row_groups().iter().map(of_group).collect();
        groups?.into_iter().reduce(Span::with)
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.bytes)
    }

    fn has_lines(&self) -> bool {
        false
    }

    fn read(self: Box<Self>, feed: &mut Feed) -> Result<(), Gone> {
        let Self { file, metadata, columns, bytes, progress } = *self;
        let groups = metadata.metadata().row_groups();
        let total = metadata.metadata().file_metadata().num_rows().max(1).cast_unsigned();
        let used: Vec<&str> = columns
            .id
            .iter()
            .chain([&columns.status])
            .chain(&columns.order)
            .chain(&columns.at)
            .chain(&columns.fingerprint)
            .chain(columns.only.iter().map(|(name, _)| name))
            .map(String::as_str)
            .collect();
        let mask = ProjectionMask::columns(metadata.parquet_schema(), used);
        let mut first = 1;
        let mut codes = Codes::default();
        for (nth, group) in groups.iter().enumerate() {
            let mut line = first;
            first += group.num_rows().cast_unsigned();
            let last = first - 1;
            let broken = |feed: &mut Feed, line, error: String| {
                let message =
                    format!("rows {line} to {last} can't be read, and are passed over: {error}");
                feed.cut_off(Some(line), message)
            };
            let file = match file.try_clone() {
                Ok(file) => file,
                Err(error) => return broken(feed, line, error.to_string()),
            };
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone())
                .with_row_groups(vec![nth])
                .with_projection(mask.clone())
                .with_batch_size(ROWS)
                .build();
            let reader = match reader {
                Ok(reader) => reader,
                Err(error) => {
                    broken(feed, line, error.to_string())?;
                    continue;
                }
            };
            for batch in reader {
                match batch {
                    Ok(batch) => {
                        let rows = batch.num_rows() as u64;
                        give(&batch, line, &columns, &mut codes, feed)?;
                        line += rows;
                        progress.add(
                            u64::try_from(u128::from(bytes) * u128::from(rows) / u128::from(total))
                                .unwrap_or(0),
                        );
                    }
                    Err(error) => {
                        broken(feed, line, error.to_string())?;
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The codes of a dictionary's texts, for as long as it is the same one.
#[derive(Default)]
struct Codes {
    of: Option<ArrayRef>,
    codes: Vec<u16>,
}

impl Codes {
    fn read(&mut self, values: &ArrayRef, feed: &mut Feed) -> Option<&[u16]> {
        let is_same = self.of.as_ref().is_some_and(|of| of.to_data().ptr_eq(&values.to_data()));
        if !is_same {
            let texts: &StringArray = values.as_string_opt()?;
            self.codes.clear();
            for text in texts {
                // A text that is NULL is met by no row: a row is NULL itself.
                self.codes.push(feed.coder.code(text.unwrap_or_default().as_bytes()));
            }
            self.of = Some(Arc::clone(values));
        }
        Some(&self.codes)
    }
}

/// Gives the rows of a record batch to the feed.
fn give(
    batch: &RecordBatch,
    first: u64,
    columns: &Places,
    codes: &mut Codes,
    feed: &mut Feed,
) -> Result<(), Gone> {
    let column = |name: &str| batch.column_by_name(name).expect("it was asked for");
    if let Some(whole) = whole(batch, first, columns, codes, feed) {
        return feed.batch(whole);
    }
    let ids: Vec<_> = columns.id.iter().map(|name| value::view(column(name))).collect();
    let status = value::view(column(&columns.status));
    let order = columns.order.as_deref().map(|name| value::view(column(name)));
    let at = columns.at.as_deref().map(|name| value::view(column(name)));
    let fingerprint = columns.fingerprint.as_deref().map(|name| value::view(column(name)));
    let only: Vec<_> =
        columns.only.iter().map(|(name, wanted)| (value::view(column(name)), wanted)).collect();
    let (mut joined, mut text) = (Vec::new(), Vec::new());
    for row in 0..batch.num_rows() {
        let line = first + row as u64;
        let is_wanted = only.iter().all(|(value, wanted)| match value(row) {
            Value::Text(text) => text == wanted.as_bytes(),
            other @ (Value::Null
            | Value::Number(_)
            | Value::Decimal(_)
            | Value::Time(_)
            | Value::Uuid(_)) => other.text().as_deref() == Some(wanted.as_bytes()),
        });
        if !is_wanted {
            continue;
        }
        let id = match &ids[..] {
            [only] => match only(row) {
                Value::Null => None,
                Value::Number(number) => Some(Id::Number(number)),
                Value::Uuid(uuid) => Some(Id::of_uuid(uuid)),
                other @ (Value::Decimal(_) | Value::Time(_) | Value::Text(_)) => {
                    other.print(&mut text);
                    Some(Id::of(&text))
                }
            },
            several => {
                let parts: Vec<Option<Vec<u8>>> = several.iter().map(|of| of(row).text()).collect();
                let parts = parts.iter().map(Option::as_deref);
                // The id has to outlive its parts.
                key::join(parts, &mut joined).map(|id| {
                    text = id.to_string().into_bytes();
                    Id::Text(&text)
                })
            }
        };
        let Some(id) = id else {
            feed.bad_row(line, "its row's id is NULL")?;
            continue;
        };
        let table = match fingerprint.as_ref().map(|of| of(row)).and_then(|it| it.text()) {
            None => 0,
            Some(fingerprint) => feed.table(line, &fingerprint)?,
        };
        let state = match status(row) {
            Value::Text(status) => Some(feed.coder.code_in(table, status)),
            Value::Null => feed.coder.null(table),
            other @ (Value::Number(_) | Value::Decimal(_) | Value::Time(_) | Value::Uuid(_)) => {
                other.text().map(|status| feed.coder.code_in(table, &status))
            }
        };
        let Some(state) = state else {
            feed.bad_row(line, format!("the status of `{id}` is NULL"))?;
            continue;
        };
        let key = match &order {
            None => None,
            Some(order) => match ordered(&order(row), line, feed)? {
                None => continue,
                key => key,
            },
        };
        let at = match at.as_ref().map(|at| at(row)) {
            None | Some(Value::Null) => NO_TIME,
            Some(Value::Time(at)) => at,
            Some(Value::Number(number)) => crate::time::of_number(number),
            Some(other) => feed.time(line, &other.text().unwrap_or_default())?,
        };
        feed.event(&Event { id, state, line, at, key, table })?;
    }
    Ok(())
}

fn ordered(value: &Value<'_>, line: u64, feed: &mut Feed) -> Result<Option<Key>, Gone> {
    match value {
        Value::Number(number) => feed.number(line, Kind::Integer, *number),
        Value::Decimal(number) => {
            feed.number(line, Kind::Decimal, crate::keys::of_decimal(*number))
        }
        Value::Time(at) => feed.number(line, Kind::Time, *at),
        Value::Null | Value::Text(_) | Value::Uuid(_) => feed.key(line, value.text().as_deref()),
    }
}

/// The rows as one batch, where they are whole numbers and codes, none is NULL, and nothing has to
/// be ordered: without a look at each.
fn whole(
    batch: &RecordBatch,
    first: u64,
    columns: &Places,
    codes: &mut Codes,
    feed: &mut Feed,
) -> Option<Batch> {
    let ([id], None, None, []) =
        (&columns.id[..], &columns.order, &columns.fingerprint, &columns.only[..])
    else {
        return None;
    };
    let ids = batch.column_by_name(id)?;
    let ids = ids.as_primitive_opt::<Int64Type>().filter(|ids| ids.null_count() == 0)?;
    let status = batch.column_by_name(&columns.status)?;
    let status = status.as_dictionary_opt::<Int32Type>().filter(|it| it.null_count() == 0)?;
    let at = match &columns.at {
        None => Vec::new(),
        Some(name) => value::times(batch.column_by_name(name)?)?,
    };
    let codes = codes.read(status.values(), feed)?;
    let keys = status.keys().values().iter();
    let states = keys.map(|&at| codes[usize::try_from(at).unwrap_or_default()]).collect();
    let mut whole = Batch::new(feed.source());
    whole.ids = Ids::Numbers(ids.values().to_vec());
    whole.states = states;
    whole.lines = Lines::From(first);
    whole.at = at;
    Some(whole)
}
