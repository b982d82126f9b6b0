import { type LayerKind, UNBOUNDED } from "./kind.js";
import { formatShape, requireImage, ShapeError } from "./shape.js";
import { WINDOW_SIDE, windowCount } from "./window.js";

/**
 * The trainable subsampling of LeCun et al. (1998), section II-B: the sum of each window, times the channel's
 * coefficient, plus its bias. The windows do not overlap. The coefficients are `name.weight`, the biases `name.bias`.
 */
export interface Subsample2dLayer {
  readonly type: "subsample2d";
  /** Prefix of the parameter names. */
  readonly name: string;
  readonly kernel: number;
  /** The same as `kernel`. */
  readonly stride: number;
}

export const subsample2d: LayerKind<Subsample2dLayer> = {
  moduleName: "Subsample2d",
  fields: { name: { type: "text" }, kernel: WINDOW_SIDE, stride: WINDOW_SIDE },
  shape({ name, kernel, stride }, input, where) {
    const [channels, height, width] = requireImage(input, where);
    if (stride !== kernel || height % kernel !== 0 || width % kernel !== 0) {
      throw new ShapeError(
        `${where}: windows of ${kernel}×${kernel} at distances of ${stride} do not tile its input ${formatShape(input)}`,
      );
    }
    const fanIn = kernel * kernel;
    const output = [channels, windowCount(height, kernel, stride), windowCount(width, kernel, stride)] as const;
    return {
      output,
      parameters: [
        { name: `${name}.weight`, shape: [channels], initial: { fanIn } },
        { name: `${name}.bias`, shape: [channels], initial: { fanIn } },
      ],
      multiplyAdds: output[0] * output[1] * output[2],
    };
  },
  reach: ({ kernel, stride }) => ({ channels: "own", window: { kernel, stride } }),
  range: UNBOUNDED,
  paperKind: "subsampling",
};
