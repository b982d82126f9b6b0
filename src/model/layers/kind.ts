import type { ActivationShape, ConnectionTable, LayerShapes } from "./shape.js";

/**
 * A kind of layer: all that the model, formats, recipes and lab need to know about it. A layer itself is plain data:
 * its `type` and its fields.
 */
export interface LayerKind<SomeLayer extends { readonly type: string }> {
  /** Its name in PyTorch and torchsummary, which may depend on the layer's input: `Conv2d`. */
  readonly moduleName: string | ((input: ActivationShape) => string);
  /** The fields of a layer besides its type, in the order they are checked. */
  readonly fields: FieldsOf<SomeLayer>;
  /**
   * Computes a layer's output shape, parameters and cost.
   *
   * @param layer a layer whose fields are within their bounds
   * @param where the layer's name in messages
   * @throws ShapeError if the layer does not fit its input
   */
  shape(layer: SomeLayer, input: ActivationShape, where: string): LayerShapes;
  /** The inputs that an output is computed from. */
  reach(layer: SomeLayer): Reach;
  /** The bounds of its outputs; `input`: the same as those of its inputs. */
  readonly range: "input" | ValueBounds;
  /** Its name in LeCun et al. (1998); omitted if the paper does not count it as a separate layer. */
  readonly paperKind?: "convolution" | "subsampling" | "fullConnection";
  /** Outside training, the layer passes its input through unchanged. */
  readonly isForTraining?: true;
  /** Omitted if it takes several operators, or others' constants: see `formats/onnx/compositions.ts`. */
  readonly operator?: OnnxOperator<SomeLayer>;
}

/** The values that a field accepts. */
export type Field = NumberField | TextField | ConnectionsField;

/** An integer, or a fraction of 1. */
export type NumberField =
  | {
      readonly type: "whole";
      readonly least: number;
      /** The largest value accepted from a file: more than a LeNet-5 needs, but small enough to handle. */
      readonly most: number;
    }
  | { readonly type: "fraction"; readonly least: number; readonly below: number };

export interface TextField {
  readonly type: "text";
}

/** A {@link ConnectionTable}, or nothing. */
export interface ConnectionsField {
  readonly type: "connections";
}

type FieldsOf<SomeLayer> = {
  readonly [Name in Exclude<keyof SomeLayer, "type">]-?: SomeLayer[Name] extends string
    ? TextField
    : SomeLayer[Name] extends ConnectionTable | undefined
      ? ConnectionsField
      : NumberField;
};

/** A closed interval. */
export type ValueBounds = readonly [least: number, most: number];

export const UNBOUNDED: ValueBounds = [-Infinity, Infinity];

/**
 * The inputs that an output is computed from. `itself`: the input in the same place, or with the same flat index if
 * maps are flattened.
 */
export type Reach =
  | "itself"
  | {
      /** The output's own channel, or all channels. */
      readonly channels: "own" | "all";
      /** The part of a channel. Default: all of it. */
      readonly window?: Window;
    };

/** A square window that slides over zero-padded images. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  /** Omitted if the layer cannot pad. */
  readonly padding?: number;
}

/** Attribute types, named by the field of onnx.proto that holds the value. */
export type OnnxAttribute = "f" | "i" | "s" | "ints";

/** The ONNX operator that computes a layer. */
export interface OnnxOperator<SomeLayer> {
  readonly name: string;
  readonly mostInputs: number;
  /** All attributes that a node may have, with their types. */
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
  /** The values of a layer's attributes; omitted ones take ONNX's defaults. */
  valuesOf(layer: SomeLayer): Readonly<Record<string, number | readonly number[]>>;
}
