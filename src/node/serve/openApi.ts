import { VERSION } from "../../version.js";

const json = (schema: object) => ({ "application/json": { schema } });
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const list = (items: object) => ({ type: "array", items });
const record = (properties: Readonly<Record<string, object>>, required = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
});
const text = { type: "string" };
const flag = { type: "boolean" };
const integer = { type: "integer" };
const number = { type: "number" };

const SCHEMAS = {
  Error: record({ error: text }),
  Server: record({ name: text, version: text, extensions: list(text) }),
  Tensor: record({ name: text, datatype: text, shape: list(integer) }),
  Model: record(
    {
      name: text,
      versions: list(text),
      platform: text,
      inputs: list(ref("Tensor")),
      outputs: list(ref("Tensor")),
      parameters: { type: "object" },
    },
    ["name", "versions", "platform", "inputs", "outputs"],
  ),
  Models: record({
    models: list(
      record({
        name: text,
        version: text,
        input: record({ channels: integer, height: integer, width: integer }),
        classes: list(text),
      }),
    ),
  }),
  TensorWithData: {
    allOf: [
      ref("Tensor"),
      {
        type: "object",
        properties: {
          parameters: { type: "object" },
          data: { type: "array", items: {}, description: "The elements in row-major order, flat or nested." },
        },
      },
    ],
  },
  InferRequest: record(
    {
      id: text,
      parameters: { type: "object" },
      inputs: { ...list(ref("TensorWithData")), description: 'One tensor, "input": UINT8 bytes or FP32 normalised.' },
      outputs: list(record({ name: text, parameters: { type: "object" } }, ["name"])),
    },
    ["inputs"],
  ),
  InferResponse: record({ model_name: text, model_version: text, id: text, outputs: list(ref("TensorWithData")) }, [
    "model_name",
    "model_version",
    "outputs",
  ]),
  Prediction: record({
    model: text,
    version: text,
    label: text,
    class: integer,
    probabilities: list(number),
    logits: list(number),
    classes: list(text),
  }),
};

const FAILURES: Readonly<Record<number, string>> = {
  400: "The request or the picture is wrong; the message says how.",
  401: "The token is missing or wrong.",
  404: "There is no such model or version.",
  408: "The request took too long to arrive.",
  413: "The body or the picture is too large.",
  415: "The body's encoding is not supported.",
  429: "Too many requests from one address.",
  503: "The server is busy; try again.",
};
const failures = (...statuses: number[]) =>
  Object.fromEntries(
    statuses.map((status) => [status, { description: FAILURES[status], content: json(ref("Error")) }]),
  );
const answers = (schema: object, ...statuses: number[]) => ({
  200: { description: "The answer.", content: json(schema) },
  ...failures(401, ...statuses),
});
const get = (summary: string, schema: object, ...statuses: number[]) => ({
  get: { summary, responses: answers(schema, ...statuses) },
});
const inPath = (name: string) => ({ name, in: "path", required: true, schema: text });
const inQuery = (name: string, schema: object, description: string) => ({ name, in: "query", schema, description });
const bytes = { schema: { type: "string", format: "binary" } };

/** The paths of a model, below /v2/models/{name} and below each version. */
function modelPaths(prefix: string, parameters: readonly object[]) {
  const headerLength = {
    name: "Inference-Header-Content-Length",
    in: "header",
    schema: integer,
    description: "The length of the JSON if the bytes of tensors follow it. 0: the body is the bytes of UINT8 images.",
  };
  return {
    [prefix]: { parameters, ...get("A model's tensors and versions", ref("Model"), 404) },
    [`${prefix}/ready`]: { parameters, ...get("Whether a model is ready", record({ name: text, ready: flag }), 404) },
    [`${prefix}/infer`]: {
      parameters,
      post: {
        summary: "Computes a model's outputs for a tensor of images",
        parameters: [headerLength],
        requestBody: {
          required: true,
          content: { ...json(ref("InferRequest")), "application/octet-stream": bytes },
        },
        responses: answers(ref("InferResponse"), 400, 404, 408, 413, 415, 429, 503),
      },
    },
  };
}

/** The OpenAPI description of the service. */
export function openApi({ token }: { readonly token?: string }): object {
  const picture = { description: "A PNG, JPEG, WebP, GIF, BMP or TIFF image.", ...bytes };
  return {
    openapi: "3.1.0",
    info: { title: "lenet", version: VERSION, description: "Classifies images with LeNet-5." },
    paths: {
      "/predict": {
        post: {
          summary: "Classifies a picture of any size",
          parameters: [
            inQuery("model", text, "Default: the first model."),
            inQuery("version", text, "Default: the newest."),
            inQuery("invert", flag, "Invert the picture first, for ink on paper."),
          ],
          requestBody: {
            required: true,
            content: {
              "image/*": picture,
              "multipart/form-data": { schema: record({ image: { type: "string", format: "binary" } }) },
            },
          },
          responses: answers(ref("Prediction"), 400, 404, 408, 413, 415, 429, 503),
        },
      },
      "/v2": get("The server's name, version and extensions", ref("Server")),
      "/v2/health/live": get("Whether the server runs", record({ live: flag })),
      "/v2/health/ready": get("Whether the server takes requests", record({ ready: flag }), 503),
      "/v2/models": get("The served models", ref("Models")),
      ...modelPaths("/v2/models/{name}", [inPath("name")]),
      ...modelPaths("/v2/models/{name}/versions/{version}", [inPath("name"), inPath("version")]),
      "/metrics": {
        get: {
          summary: "Metrics for Prometheus",
          responses: { 200: { description: "Text.", content: { "text/plain": { schema: text } } }, ...failures(401) },
        },
      },
    },
    components: {
      schemas: SCHEMAS,
      ...(token !== undefined && { securitySchemes: { token: { type: "http", scheme: "bearer" } } }),
    },
    ...(token !== undefined && { security: [{ token: [] }] }),
  };
}
