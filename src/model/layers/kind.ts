import type { ActivationShape, LayerShapes } from "./shape.js";

/**
 * A kind of layer: all that model, formats, recipes and lab know of it. A layer itself is plain data, its `type` and its
 * fields.
 */
export interface LayerKind<SomeLayer extends { readonly type: string }> {
  /** What PyTorch and torchsummary call it: `Conv2d`. */
  readonly moduleName: string;
  /** The fields of a layer besides its type, in the order in which they are checked. */
  readonly fields: FieldsOf<SomeLayer>;
  /**
   * Works out a layer's output, parameters and cost.
   *
   * @param layer its fields are within their bounds
   * @param where names it in messages
   * @throws ShapeError where it does not fit its input
   */
  shape(layer: SomeLayer, input: ActivationShape, where: string): LayerShapes;
  /** Which inputs an output is computed from. */
  reach(layer: SomeLayer): Reach;
  /** The bounds of its outputs; `input`: those of its inputs. */
  readonly range: "input" | ValueBounds;
  /** What LeCun and others call it (1998); omitted if they do not count it as a layer of its own. */
  readonly paperKind?: "convolution" | "subsampling" | "fullConnection";
  /** Outside training it passes its input on. */
  readonly isForTraining?: true;
  readonly operator: OnnxOperator<SomeLayer>;
}

/** What the value of a field may be. */
export type Field = NumberField | TextField;

/** A whole number or a fraction of 1. */
export type NumberField =
  | {
      readonly type: "whole";
      readonly least: number;
      /** The largest that is accepted from a file: more than a LeNet-5 needs, and little enough to work with. */
      readonly most: number;
    }
  | { readonly type: "fraction"; readonly least: number; readonly below: number };

export interface TextField {
  readonly type: "text";
}

type FieldsOf<SomeLayer> = {
  readonly [Name in Exclude<keyof SomeLayer, "type">]: SomeLayer[Name] extends string ? TextField : NumberField;
};

/** Numbers between these, both included. */
export type ValueBounds = readonly [least: number, most: number];

export const UNBOUNDED: ValueBounds = [-Infinity, Infinity];

/**
 * The inputs that an output is computed from. `itself`: the one in the same place, or of the same number where maps are
 * laid out in a row.
 */
export type Reach =
  | "itself"
  | {
      /** Those in its own channel, or in all channels. */
      readonly channels: "own" | "all";
      /** The part of a channel; omitted: the whole. */
      readonly window?: Window;
    };

/** A square window that moves over zero-padded images. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  /** Omitted if the layer cannot pad. */
  readonly padding?: number;
}

/** The types of attributes, by the field of onnx.proto that holds their value. */
export type OnnxAttribute = "f" | "i" | "s" | "ints";

/** The operator of ONNX that computes a layer. */
export interface OnnxOperator<SomeLayer> {
  readonly name: string;
  readonly mostInputs: number;
  /** All attributes that a node may have. */
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
  /** The values of a layer's attributes; those left out have ONNX's defaults. */
  valuesOf(layer: SomeLayer): Readonly<Record<string, number | readonly number[]>>;
}
