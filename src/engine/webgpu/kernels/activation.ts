import { type ActivationLayer, LEAKY_RELU_SLOPE, SCALED_TANH } from "../../../model/index.js";

/** An activation as WGSL: y = f(x), and its derivative by y. */
interface ActivationCode {
  value(x: string): string;
  derivative(y: string): string;
}

/** Each activation; see the functions in {@link ACTIVATION_FUNCTIONS}. */
export const ACTIVATIONS: Readonly<Record<ActivationLayer["type"], ActivationCode>> = {
  sigmoid: { value: (x) => `sigmoid(${x})`, derivative: (y) => `(${y} * (1.0 - ${y}))` },
  relu: { value: (x) => `select(0.0, ${x}, ${x} > 0.0)`, derivative: (y) => `select(0.0, 1.0, ${y} > 0.0)` },
  leakyRelu: {
    value: (x) => `(${x} * select(${LEAKY_RELU_SLOPE}, 1.0, ${x} > 0.0))`,
    derivative: (y) => `select(${LEAKY_RELU_SLOPE}, 1.0, ${y} > 0.0)`,
  },
  tanh: { value: (x) => `hyperbolicTangent(${x})`, derivative: (y) => `(1.0 - ${y} * ${y})` },
  scaledTanh: {
    value: (x) => `(${SCALED_TANH.amplitude} * hyperbolicTangent(${SCALED_TANH.slope} * ${x}))`,
    derivative: (y) => `(${SCALED_TANH.slope} * (${SCALED_TANH.amplitude} - ${y} * ${y} / ${SCALED_TANH.amplitude}))`,
  },
};

/**
 * Functions that are exact to a few units of the last place: WGSL allows its own tanh an error of 1e-5. No exponential
 * overflows, because WGSL does not promise infinities. Near 0 the tangent is the polynomial of Cephes' tanhf.
 */
export const ACTIVATION_FUNCTIONS = `
fn sigmoid(x: f32) -> f32 {
  let power = exp(-abs(x));
  return select(power, 1.0, x >= 0.0) / (1.0 + power);
}

fn hyperbolicTangent(x: f32) -> f32 {
  let size = abs(x);
  let square = x * x;
  var series = -5.70498872745e-3 * square + 2.06390887954e-2;
  series = series * square - 5.37397155531e-2;
  series = series * square + 1.33314422036e-1;
  series = series * square - 3.33332819422e-1;
  let near = series * square * x + x;
  let far = sign(x) * (1.0 - 2.0 / (exp(2.0 * min(size, 20.0)) + 1.0));
  return select(far, near, size < 0.625);
}
`;
