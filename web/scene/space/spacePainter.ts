import type { SceneColors } from "../colors.js";
import { drawnEdges, type SceneState } from "../paint.js";
import { mapOf } from "../words.js";
import type { SpaceLayout, Vector } from "./spaceLayout.js";

const PLATES = {
  vertex: `#version 300 es
uniform mat4 camera;
uniform vec2 atlas;
uniform float light;
in vec3 place;
in vec2 texel;
in vec2 within;
in float stage;
out vec2 at;
out vec2 inside;
out float lit;
void main() {
  gl_Position = camera * vec4(place, 1);
  at = texel / atlas;
  inside = within;
  lit = clamp(light - stage + 0.5, 0.08, 1.0);
}`,
  fragment: `#version 300 es
precision highp float;
uniform sampler2D values;
uniform vec3 line;
uniform vec3 ground;
uniform vec3 dot;
in vec2 at;
in vec2 inside;
in float lit;
out vec4 color;
void main() {
  vec4 value = texture(values, at);
  vec2 edge = min(inside, 1.0 - inside) / fwidth(inside);
  if (value.a < 0.5) {
    // A silent unit is a dot, so that the light passes.
    if (distance(inside, vec2(0.5)) > 0.2) discard;
    value.rgb = dot;
  } else if (min(edge.x, edge.y) < 1.0) value.rgb = line;
  color = vec4(mix(ground, value.rgb, lit), 1);
}`,
};

const PATHS = {
  vertex: `#version 300 es
uniform mat4 camera;
uniform vec2 size;
uniform float light;
in vec3 from;
in vec3 to;
in vec4 corner;
in vec4 tint;
out vec4 paint;
out float along;
out float across;
out float pulse;
out float adds;
void main() {
  vec4 a = camera * vec4(from, 1);
  vec4 b = camera * vec4(to, 1);
  vec2 flow = normalize((b.xy / b.w - a.xy / a.w) * size + 1e-6);
  vec4 end = corner.x < 0.5 ? a : b;
  end.xy += vec2(-flow.y, flow.x) * corner.y * corner.z / size * 2.0 * end.w;
  gl_Position = end;
  paint = vec4(tint.rgb, abs(tint.a));
  adds = tint.a;
  along = corner.w;
  across = corner.y;
  pulse = light;
}`,
  fragment: `#version 300 es
precision highp float;
uniform vec3 bright;
in vec4 paint;
in float along;
in float across;
in float pulse;
in float adds;
out vec4 color;
void main() {
  // What takes away is dashed: not by colour alone.
  if (adds < 0.0 && fract(along * 9.0) > 0.58) discard;
  float soft = 1.0 - smoothstep(0.6, 1.0, abs(across));
  float near = exp(-pow((along - pulse) * 3.2, 2.0));
  color = vec4(mix(paint.rgb, bright, 0.75 * near), paint.a * soft * (1.0 + near));
}`,
};

/** The pieces that a path is drawn in. */
const PIECES = 18;
/** Floats of a corner of a piece: from, to, corner, tint. */
const FLOATS = 14;
/** Draws a network in space by WebGL 2. */
export class SpacePainter {
  private readonly gl: WebGL2RenderingContext;
  private readonly layout: SpaceLayout;
  private readonly plates: Program;
  private readonly paths: Program;
  private readonly plateCount: number;
  private readonly texture: WebGLTexture;
  private readonly texels: Uint32Array;
  private pathData = new Float32Array(0);

  /** @throws Error if there is no WebGL 2 */
  constructor(canvas: HTMLCanvasElement, layout: SpaceLayout) {
    // Kept, so that the picture can be saved.
    const gl = canvas.getContext("webgl2", { antialias: true, alpha: false, preserveDrawingBuffer: true });
    if (!gl) throw new Error("this browser has no WebGL 2");
    this.gl = gl;
    this.layout = layout;
    const corners = layout.stages.flat().flatMap((plate) => {
      const { centre, width, height, texels, stage } = plate;
      return [
        [0, 0],
        [1, 0],
        [0, 1],
        [0, 1],
        [1, 0],
        [1, 1],
      ].flatMap(([across, down]) => [
        centre[0],
        centre[1] + (0.5 - down) * height,
        centre[2] + (across - 0.5) * width,
        texels.x + across * texels.width,
        texels.y + down * texels.height,
        across,
        down,
        stage,
      ]);
    });
    this.plateCount = corners.length / 8;
    this.plates = new Program(gl, PLATES, { place: 3, texel: 2, within: 2, stage: 1 });
    this.plates.fill(Float32Array.from(corners));
    this.paths = new Program(gl, PATHS, { from: 3, to: 3, corner: 4, tint: 4 });
    this.texture = gl.createTexture();
    this.texels = new Uint32Array(layout.atlas.width * layout.atlas.height);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
    }
    for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, wrap, gl.CLAMP_TO_EDGE);
  }

  /** Frees what the graphics card holds. */
  dispose(): void {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  /** @param unit the CSS pixels in a unit of the design */
  draw(state: SceneState, matrix: Float32Array, colors: SceneColors, unit: number): void {
    const { gl } = this;
    const { width, height } = gl.canvas;
    const ground = rgb(colors.ground);
    gl.viewport(0, 0, width, height);
    gl.clearColor(...ground, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);

    this.uploadValues(state, colors);
    this.plates.use();
    this.plates.set({ camera: matrix, light: [state.light], line: rgb(colors.line), ground, dot: rgb(colors.dot) });
    this.plates.set({ atlas: [this.layout.atlas.width, this.layout.atlas.height] });
    gl.drawArrays(gl.TRIANGLES, 0, this.plateCount);

    const density = devicePixelRatio * unit;
    const corners = this.traceEdges(state, colors, density) + this.traceChosen(state, colors, density);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    gl.depthMask(false);
    this.paths.use();
    this.paths.fill(this.pathData.subarray(0, corners * FLOATS));
    this.paths.set({ camera: matrix, size: [width, height], light: [state.light], bright: rgb(colors.ink) });
    gl.drawArrays(gl.TRIANGLES, 0, corners);
    gl.depthMask(true);
    gl.disable(gl.BLEND);
  }

  private uploadValues({ shown, picture }: SceneState, colors: SceneColors): void {
    const { gl, texels, layout } = this;
    for (const [stage, plates] of layout.stages.entries()) {
      const values = shown[stage];
      const { height, width } = picture.structure.stages[stage];
      const size = height * width;
      const isInput = stage === 0;
      const isOutput = picture.structure.stages[stage].kind === "output";
      const isSigned = !isOutput && !isInput && values.some((value) => value < 0);
      for (const plate of plates) {
        const { x, y } = plate.texels;
        for (let place = 0; place < size; place++) {
          const own = plate.map * size + place;
          const value = isOutput ? picture.probabilities[own] : isInput ? state01(values[own]) : values[own];
          const at = (y + Math.floor(place / width)) * layout.atlas.width + x + (place % width);
          const share = isSigned ? (value + 1) / 2 : size === 1 && value > 0.02 ? 0.14 + 0.86 * value : value;
          const color = (isSigned ? colors.signed : colors.activation)[
            Math.round(255 * Math.min(1, Math.max(0, share)))
          ];
          const isSilent = size === 1 && !isOutput && Math.abs(value) < 0.02;
          // The alpha says whether a unit is silent.
          texels[at] = isSilent ? color & 0xffffff : color;
        }
      }
    }
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texImage2D(
      gl.TEXTURE_2D,
      0,
      gl.RGBA,
      layout.atlas.width,
      layout.atlas.height,
      0,
      gl.RGBA,
      gl.UNSIGNED_BYTE,
      new Uint8Array(texels.buffer),
    );
  }

  /** Writes the edges as ribbons. Returns the number of their corners. */
  private traceEdges({ edges, picture }: SceneState, colors: SceneColors, density: number): number {
    const [adds, takes] = [rgb(colors.adds), rgb(colors.takes)];
    const drawn = edges.flatMap((strengths, gap) => drawnEdges(strengths).map((edge) => ({ gap, edge })));
    this.reserve((drawn.length * PIECES + 4) * 6 * FLOATS);
    let corner = 0;
    for (const { gap, edge } of drawn) {
      const count = picture.structure.stages[gap].count;
      const [from, to] = [this.layout.stages[gap][edge % count], this.layout.stages[gap + 1][Math.floor(edge / count)]];
      const value = edges[gap][edge];
      const strength = Math.abs(value);
      const half = (0.5 + 2.3 * Math.sqrt(strength)) * density;
      const tint = value > 0 ? adds : takes;
      const alpha = (0.22 + 0.58 * strength) * Math.sign(value);
      let before = from.centre;
      for (let piece = 1; piece <= PIECES; piece++) {
        const after = between(from.centre, to.centre, piece / PIECES);
        corner = this.ribbon(
          corner,
          before,
          after,
          half,
          [...tint, alpha],
          [gap + (piece - 1) / PIECES, gap + piece / PIECES],
        );
        before = after;
      }
    }
    return corner;
  }

  /** Writes the outline of the chosen map or unit after the edges. Returns the number of its corners. */
  private traceChosen({ picture, edges }: SceneState, colors: SceneColors, density: number): number {
    const { chosen, structure } = picture;
    if (!chosen) return 0;
    const plate = this.layout.stages[chosen.stage][mapOf(structure.stages[chosen.stage], chosen.index)];
    const first = edges.reduce((sum, strengths) => sum + drawnEdges(strengths).length, 0);
    const [x, y, z] = plate.centre;
    const [tall, wide] = [plate.height / 2 + 1, plate.width / 2 + 1];
    const around: Vector[] = [
      [x, y + tall, z - wide],
      [x, y + tall, z + wide],
      [x, y - tall, z + wide],
      [x, y - tall, z - wide],
    ];
    const start = first * PIECES * 6;
    let corner = start;
    for (const [index, from] of around.entries()) {
      // Beyond all stages, where no light comes.
      corner = this.ribbon(corner, from, around[(index + 1) % 4], 2 * density, [...rgb(colors.chosen), 1], [-9, -9]);
    }
    return corner - start;
  }

  private reserve(floats: number): void {
    if (this.pathData.length < floats) this.pathData = new Float32Array(2 * floats);
  }

  /** Writes one piece of a ribbon as two triangles. Returns the next corner. */
  private ribbon(
    corner: number,
    from: Vector,
    to: Vector,
    half: number,
    tint: readonly number[],
    along: readonly [number, number],
  ): number {
    let at = corner * FLOATS;
    for (const [end, side] of SIDES) {
      this.pathData.set(from, at);
      this.pathData.set(to, at + 3);
      this.pathData.set([end, side, half, along[end]], at + 6);
      this.pathData.set(tint, at + 10);
      at += FLOATS;
    }
    return corner + SIDES.length;
  }
}

const SIDES = [
  [0, -1],
  [1, -1],
  [0, 1],
  [0, 1],
  [1, -1],
  [1, 1],
] as const;

/** The input, −1 … 1, as ink. */
function state01(value: number): number {
  return (value + 1) / 2;
}

/** A point of a path, which leaves and meets the plates straight on. */
function between(from: Vector, to: Vector, share: number): Vector {
  const smooth = share * share * (3 - 2 * share);
  return [
    from[0] + (to[0] - from[0]) * share,
    from[1] + (to[1] - from[1]) * smooth,
    from[2] + (to[2] - from[2]) * smooth,
  ];
}

function rgb(color: string): [number, number, number] {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => Number(part) / 255);
  return [red, green, blue];
}

/** A program with its attributes in one buffer. */
class Program {
  private readonly gl: WebGL2RenderingContext;
  private readonly program: WebGLProgram;
  private readonly array: WebGLVertexArrayObject;
  private readonly buffer: WebGLBuffer;

  constructor(
    gl: WebGL2RenderingContext,
    sources: { readonly vertex: string; readonly fragment: string },
    attributes: Readonly<Record<string, number>>,
  ) {
    this.gl = gl;
    this.program = gl.createProgram();
    for (const [type, source] of [
      [gl.VERTEX_SHADER, sources.vertex],
      [gl.FRAGMENT_SHADER, sources.fragment],
    ] as const) {
      const shader = gl.createShader(type);
      if (!shader) throw new Error("the graphics context is lost");
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(this.program, shader);
    }
    gl.linkProgram(this.program);
    if (!gl.getProgramParameter(this.program, gl.LINK_STATUS)) {
      throw new Error(gl.getProgramInfoLog(this.program) ?? "the graphics program could not be linked");
    }
    this.array = gl.createVertexArray();
    this.buffer = gl.createBuffer();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    const stride = Object.values(attributes).reduce((sum, size) => sum + size, 0);
    let offset = 0;
    for (const [name, size] of Object.entries(attributes)) {
      const location = gl.getAttribLocation(this.program, name);
      if (location >= 0) {
        gl.enableVertexAttribArray(location);
        gl.vertexAttribPointer(location, size, gl.FLOAT, false, 4 * stride, 4 * offset);
      }
      offset += size;
    }
  }

  use(): void {
    this.gl.useProgram(this.program);
    this.gl.bindVertexArray(this.array);
  }

  fill(data: Float32Array): void {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffer);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, data, this.gl.DYNAMIC_DRAW);
  }

  set(uniforms: Readonly<Record<string, ArrayLike<number>>>): void {
    for (const [name, value] of Object.entries(uniforms)) {
      const location = this.gl.getUniformLocation(this.program, name);
      const all = Float32Array.from(value);
      if (all.length === 16) this.gl.uniformMatrix4fv(location, false, all);
      else if (all.length === 3) this.gl.uniform3fv(location, all);
      else if (all.length === 2) this.gl.uniform2fv(location, all);
      else this.gl.uniform1fv(location, all);
    }
  }
}
