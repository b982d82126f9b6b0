import { FormatError } from "../errors.js";
import { BYTES, DOUBLE, FLOAT, INTEGER, list, message, readMessage, single, TEXT } from "../onnx/protobuf.js";
import { type NewMessage, writeMessage } from "../onnx/protobufWriter.js";
import { readRecords, writeRecord } from "./records.js";

/**
 * TensorBoard's events, as far as we write them (event.proto, summary.proto and the hparams plugin's protos of
 * https://github.com/tensorflow/tensorboard).
 */

const HISTOGRAM = {
  min: single(1, DOUBLE),
  max: single(2, DOUBLE),
  num: single(3, DOUBLE),
  sum: single(4, DOUBLE),
  sum_squares: single(5, DOUBLE),
  bucket_limit: list(6, DOUBLE),
  bucket: list(7, DOUBLE),
};
const IMAGE = {
  height: single(1, INTEGER),
  width: single(2, INTEGER),
  colorspace: single(3, INTEGER),
  encoded_image_string: single(4, BYTES),
};
const PLUGIN_DATA = { plugin_name: single(1, TEXT), content: single(2, BYTES) };
const METADATA = { plugin_data: single(1, message(PLUGIN_DATA)) };
const VALUE = {
  tag: single(1, TEXT),
  simple_value: single(2, FLOAT),
  image: single(4, message(IMAGE)),
  histo: single(5, message(HISTOGRAM)),
  metadata: single(9, message(METADATA)),
};
const SUMMARY = { value: list(1, message(VALUE)) };
const EVENT = {
  wall_time: single(1, DOUBLE),
  step: single(2, INTEGER),
  file_version: single(3, TEXT),
  summary: single(5, message(SUMMARY)),
};

/** google.protobuf.Value, in an entry of a map. */
const SETTING = {
  key: single(1, TEXT),
  value: single(2, message({ number_value: single(2, DOUBLE), string_value: single(3, TEXT) })),
};
const SESSION_START = { hparams: list(1, message(SETTING)), start_time_secs: single(5, DOUBLE) };
const SESSION_END = { status: single(1, INTEGER), end_time_secs: single(2, DOUBLE) };
const HPARAM_INFO = { name: single(1, TEXT), type: single(4, INTEGER) };
const METRIC_INFO = { name: single(1, message({ tag: single(2, TEXT) })) };
const EXPERIMENT = { hparam_infos: list(4, message(HPARAM_INFO)), metric_infos: list(5, message(METRIC_INFO)) };
const HPARAMS = {
  version: single(1, INTEGER),
  experiment: single(2, message(EXPERIMENT)),
  session_start_info: single(3, message(SESSION_START)),
  session_end_info: single(4, message(SESSION_END)),
};
const DataType = { string: 1, float64: 3 } as const;
const SUCCEEDED = 1;

/** One value of an event. */
export type SummaryValue = NewMessage<typeof VALUE>;

/** A number over the steps. */
export function scalar(tag: string, value: number): SummaryValue {
  return { tag, simple_value: value };
}

/** A PNG. */
export function image(tag: string, png: Uint8Array, width: number, height: number): SummaryValue {
  return { tag, image: { width, height, colorspace: 1, encoded_image_string: png } };
}

const BUCKETS = 30;

/** The distribution of numbers, in buckets of equal width. */
export function histogram(tag: string, values: ArrayLike<number>): SummaryValue {
  let [min, max, sum, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    squares += value * value;
  }
  const width = (max - min) / BUCKETS || 1;
  const counts = new Array<number>(BUCKETS).fill(0);
  for (let index = 0; index < values.length; index++) {
    counts[Math.min(BUCKETS - 1, Math.floor((values[index] - min) / width))]++;
  }
  // A bucket reaches from the limit of the one before it, so the first needs one below all values.
  const limits = counts.map((_, bucket) => min + (bucket + 1) * width);
  limits[BUCKETS - 1] = Math.max(max, limits[BUCKETS - 1]);
  return {
    tag,
    histo: {
      min,
      max,
      num: values.length,
      sum,
      sum_squares: squares,
      bucket_limit: [min, ...limits],
      bucket: [0, ...counts],
    },
  };
}

/** The settings of a run, by name. */
export type Settings = Readonly<Record<string, number | string>>;

/** Describes a run for the view of hyperparameters: its settings, and the tags by which runs are compared. */
export function hyperparameters(settings: Settings, metrics: readonly string[], startSeconds: number): SummaryValue[] {
  const entries = Object.entries(settings);
  const experiment = {
    hparam_infos: entries.map(([name, value]) => ({
      name,
      type: typeof value === "number" ? DataType.float64 : DataType.string,
    })),
    metric_infos: metrics.map((tag) => ({ name: { tag } })),
  };
  const hparams = entries.map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { number_value: value } : { string_value: value },
  }));
  return [
    hparamsValue("_hparams_/experiment", { experiment }),
    hparamsValue("_hparams_/session_start_info", { session_start_info: { hparams, start_time_secs: startSeconds } }),
  ];
}

/** Says that a run is finished. */
export function sessionEnd(seconds: number): SummaryValue {
  const session_end_info = { status: SUCCEEDED, end_time_secs: seconds };
  return hparamsValue(SESSION_END_TAG, { session_end_info });
}

const SESSION_END_TAG = "_hparams_/session_end_info";

function hparamsValue(tag: string, content: NewMessage<typeof HPARAMS>): SummaryValue {
  const data = { plugin_name: "hparams", content: writeMessage(HPARAMS, { ...content }) };
  return { tag, metadata: { plugin_data: data } };
}

/** The first record of every event file. */
export function fileStart(wallSeconds: number): Uint8Array {
  return writeRecord(writeMessage(EVENT, { wall_time: wallSeconds, file_version: "brain.Event:2" }));
}

/** A record with values of one step. */
export function eventRecord(wallSeconds: number, step: number, value: readonly SummaryValue[]): Uint8Array {
  return writeRecord(writeMessage(EVENT, { wall_time: wallSeconds, step, summary: { value } }));
}

/**
 * The length of an event file's part up to a step, without the end of the run, and up to the first record that is damaged
 * or no event. 0 if there is not even the file's start.
 */
export function lengthUpTo(file: Uint8Array, step: number): number {
  let length = 0;
  for (const { bytes, end } of readRecords(file)) {
    const event = readEvent(bytes);
    if (!event || (event.step ?? 0) > step || event.summary?.value.some(({ tag }) => tag === SESSION_END_TAG)) break;
    length = end;
  }
  return length;
}

function readEvent(bytes: Uint8Array) {
  try {
    return readMessage(EVENT, bytes);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
