import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { judge } from "../../training/evaluate.js";
import { VERSION } from "../../version.js";
import { describeFileError, errorCode } from "../disk/files.js";
import { ImageDecoder } from "../images/decoder.js";
import { enableFusedArithmetic } from "../threads.js";
import { InferencePool, type Item } from "./inferencePool.js";
import { EXTENSIONS, modelMetadata, parseInferRequest, writeInferResponse } from "./inferenceProtocol.js";
import { BodyBudget, isLoopback, namesLoopback, RateLimiter, tokenCheck } from "./limits.js";
import { type LogStream, logStream } from "./logStream.js";
import { addProcessMetrics, Metrics } from "./metrics.js";
import { type ModelSource, Models, type ServedModel } from "./models.js";
import { openApi } from "./openApi.js";
import { PAGE, PAGE_POLICY } from "./page.js";
import { pictureIn, pictureItem } from "./pictures.js";
import { busy, RequestError } from "./requestError.js";

/** How to serve models. */
export interface ServeOptions {
  readonly models: readonly ModelSource[];
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** What clients must send as `Authorization: Bearer TOKEN`. Required unless the host is this machine only. */
  readonly token?: string;
  /** The threads that compute. Default: one per core but one, which receives the requests. */
  readonly threads?: number;
  /** How long an image may wait for others to be computed with it, in milliseconds. */
  readonly maximumDelay: number;
  /** The largest body, in bytes. */
  readonly maximumBody: number;
  /** The largest picture, in pixels. */
  readonly maximumPixels: number;
  /** How long a picture may take to be decoded, with the time that it waits for a thread, in seconds. */
  readonly decodingSeconds: number;
  /** How long a client may take to send a request, in seconds. */
  readonly requestSeconds: number;
  /** Requests per second and client. Default: no limit. */
  readonly rate?: number;
  /** How long requests may take to finish once the server closes, in seconds. */
  readonly drainSeconds: number;
  /** What is logged: requests are "info", those that fail are "warn". */
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "silent";
}

/** A running server. */
export interface ModelServer {
  readonly url: string;
  /** Stops taking requests, finishes those that have arrived, and ends. */
  close(): Promise<void>;
}

const MOST_BATCH = 128;
const MOST_WAITING_IMAGES = 8192;
const MOST_WAITING_PICTURES = 256;
const MOST_CONNECTIONS = 4096;
/** How long clients with an open connection have to be told that it ends. */
const LEAVING_MILLISECONDS = 1000;
/** Of all bodies larger than SMALL_BODY that are being received. */
const MOST_BODY_BYTES = 256e6;
const SMALL_BODY = 16_384;
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128];

/**
 * Serves models over HTTP: the Open Inference Protocol, pictures, metrics, a description and a page to try it.
 *
 * @throws Error if Fastify is not installed, a model cannot be loaded, the address is not available, or a host other
 *   than this machine has no token
 */
export async function serveModels(options: ServeOptions): Promise<ModelServer> {
  if (options.token === undefined && !isLoopback(options.host)) {
    throw new Error(`serving on ${options.host} lets other machines in, so it needs a token: set LENET_TOKEN`);
  }
  enableFusedArithmetic();
  const log = logStream();
  const app = await createApp(options, log);
  const service = await Service.open(options, app);
  try {
    service.addRoutes();
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await service.close();
    throw errorCode(error) === "EADDRINUSE"
      ? new Error(`port ${options.port} is in use`)
      : new Error(describeFileError(error, `listen on ${options.host}:${options.port}`));
  }
  const { port, address, family } = app.server.address() as AddressInfo;
  const host = family === "IPv6" ? `[${address}]` : address;
  return { url: `http://${host}:${port}/`, close: () => service.close().finally(log.flush) };
}

/** An app with our limits, that leaves every body as bytes. */
async function createApp(options: ServeOptions, log: LogStream): Promise<FastifyInstance> {
  const { fastify, LogController } = await importFastify();
  const milliseconds = 1000 * options.requestSeconds;
  const app = fastify({
    bodyLimit: options.maximumBody,
    requestTimeout: milliseconds,
    connectionTimeout: 0,
    keepAliveTimeout: 60_000,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 200 },
    http: { headersTimeout: milliseconds, connectionsCheckingInterval: 250, maxHeaderSize: 8192 },
    logger: options.logLevel === "silent" ? false : { level: options.logLevel, stream: log },
    logController: new LogController({ disableRequestLogging: true }),
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  return app;
}

async function importFastify() {
  try {
    return await import("fastify");
  } catch (error) {
    throw new Error("serving needs the package fastify: npm install fastify", { cause: error });
  }
}

/** The parameters of a model's address. */
interface ModelParameters {
  readonly Params: { readonly name: string; readonly version?: string };
}

/** Whose picture it is, and how to see it. */
interface PredictQuery {
  readonly Querystring: { readonly model?: string; readonly version?: string; readonly invert?: string };
}

class Service {
  private readonly options: ServeOptions;
  private readonly app: FastifyInstance;
  private readonly pool: InferencePool;
  private readonly decoder: ImageDecoder;
  private readonly metrics: Metrics;
  private readonly bodies = new BodyBudget(MOST_BODY_BYTES);
  private readonly countImages: ReturnType<Metrics["counter"]>;
  private readonly stopMeasuring: () => void;
  private models!: Models;
  private isDraining = false;

  private constructor(options: ServeOptions, app: FastifyInstance) {
    this.options = options;
    this.app = app;
    const metrics = new Metrics();
    this.metrics = metrics;
    const observeBatch = metrics.histogram("lenet_batch_images", "Images computed at once.", BATCH_SIZES);
    this.pool = new InferencePool({
      threads: options.threads ?? Math.max(1, availableParallelism() - 1),
      maximumDelay: options.maximumDelay,
      maximumBatch: MOST_BATCH,
      maximumWaiting: MOST_WAITING_IMAGES,
      onBatch: (images) => observeBatch({}, images),
    });
    this.decoder = new ImageDecoder({
      maximumPixels: options.maximumPixels,
      secondsPerImage: options.decodingSeconds,
      secondsInAll: options.decodingSeconds,
      maximumWaiting: MOST_WAITING_PICTURES,
    });
    this.countImages = metrics.counter("lenet_images_total", "Images classified.");
    metrics.gauge("lenet_waiting_images", "Images waiting to be computed.", () => this.pool.waiting);
    metrics.gauge("lenet_waiting_pictures", "Pictures waiting to be decoded.", () => this.decoder.waitingCount);
    this.stopMeasuring = addProcessMetrics(metrics);
  }

  static async open(options: ServeOptions, app: FastifyInstance): Promise<Service> {
    const service = new Service(options, app);
    try {
      await service.decoder.start();
      service.models = await Models.open(options.models, service.pool, {
        onReload: ({ name, version, path }) => app.log.info({ model: name, version, path }, "model reloaded"),
        onFailure: ({ name, version, path }, error) =>
          app.log.error({ model: name, version, path, reason: error.message }, "changed model cannot be used"),
      });
    } catch (error) {
      service.end();
      throw error;
    }
    return service;
  }

  addRoutes(): void {
    this.addHooks();
    const { app } = this;
    app.get("/", { config: { isOpen: true } }, (_request, reply) =>
      reply.type("text/html; charset=utf-8").header("content-security-policy", PAGE_POLICY).send(PAGE),
    );
    app.get("/openapi.json", { config: { isOpen: true } }, () => openApi(this.options));
    app.get("/metrics", (_request, reply) =>
      reply.type("text/plain; version=0.0.4; charset=utf-8").send(this.metrics.text()),
    );
    app.get("/v2", () => ({ name: "lenet", version: VERSION, extensions: EXTENSIONS }));
    app.get("/v2/health/live", { config: { isOpen: true } }, () => ({ live: true }));
    app.get("/v2/health/ready", { config: { isOpen: true } }, (_request, reply) =>
      reply.code(this.isDraining ? 503 : 200).send({ ready: !this.isDraining }),
    );
    app.get("/v2/models", () => ({ models: this.models.list().map(listed) }));
    for (const path of ["/v2/models/:name", "/v2/models/:name/versions/:version"]) {
      app.get<ModelParameters>(path, ({ params: { name, version } }) =>
        modelMetadata(this.models.find(name, version), this.models.versions(name)),
      );
      app.get<ModelParameters>(`${path}/ready`, ({ params: { name, version } }) => ({
        name: this.models.find(name, version).name,
        ready: true,
      }));
      app.post<ModelParameters>(`${path}/infer`, (request, reply) => this.infer(request, reply));
    }
    app.post<PredictQuery>("/predict", (request) => this.predict(request));
  }

  /**
   * Finishes the requests that have arrived, then ends; those that take too long are cut off. First, responses ask
   * clients to reconnect, because closing a connection would lose a request in transit.
   */
  async close(): Promise<void> {
    this.isDraining = true;
    const { server } = this.app;
    const isInUse = await new Promise((resolve) => server.getConnections((_error, count) => resolve(count > 0)));
    if (isInUse) await new Promise((resolve) => setTimeout(resolve, LEAVING_MILLISECONDS));
    const late = setTimeout(() => server.closeAllConnections(), 1000 * this.options.drainSeconds);
    await this.app.close();
    clearTimeout(late);
    this.end();
  }

  private end(): void {
    this.models?.close();
    this.pool.close();
    this.decoder.close();
    this.stopMeasuring();
  }

  private addHooks(): void {
    const { app, options, metrics } = this;
    const { token, rate } = options;
    const hasToken = token === undefined ? undefined : tokenCheck(token);
    const limiter = rate === undefined ? undefined : new RateLimiter(rate);
    app.addHook("onRequest", (request, reply, done) => {
      try {
        limiter?.take(request.ip);
        if (hasToken) {
          const { isOpen } = request.routeOptions.config as { isOpen?: boolean };
          if (!isOpen && !hasToken(request.headers.authorization)) {
            reply.header("www-authenticate", "Bearer");
            throw new RequestError(401, "the request has no valid token");
          }
        } else if (!namesLoopback(request.headers.host)) {
          throw new RequestError(403, "the request is not addressed to this machine");
        }
        this.reserveBody(request, reply);
        if (this.isDraining) reply.header("connection", "close");
        done();
      } catch (error) {
        done(error as Error);
      }
    });
    const count = metrics.counter("lenet_requests_total", "Requests answered, by route and status.");
    const observe = metrics.histogram("lenet_request_seconds", "From a request's headers to its answer.", SECONDS);
    app.addHook("onResponse", (request, reply, done) => {
      const route = request.routeOptions.url ?? "none";
      const { statusCode, elapsedTime } = reply;
      count({ route, status: String(statusCode) });
      observe({ route }, elapsedTime / 1000);
      const line = {
        method: request.method,
        url: request.url,
        status: statusCode,
        ms: Math.round(10 * elapsedTime) / 10,
      };
      app.log[statusCode < 400 ? "info" : "warn"](line, "request");
      done();
    });
    app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: "there is nothing at this address" }));
    app.setErrorHandler((error, request, reply) => this.answerError(error as Error, request, reply));
  }

  /** @throws RequestError for a body that is packed or may not fit into memory with the others */
  private reserveBody({ headers }: FastifyRequest, reply: FastifyReply): void {
    const { "content-encoding": encoding, "content-length": length, "transfer-encoding": transfer } = headers;
    if (encoding !== undefined && encoding !== "identity") {
      throw new RequestError(415, `the body's encoding ${JSON.stringify(encoding.slice(0, 40))} is not supported`);
    }
    const { maximumBody } = this.options;
    const bytes = length === undefined ? (transfer === undefined ? 0 : maximumBody) : Number(length);
    if (bytes <= SMALL_BODY || bytes > maximumBody) return;
    if (!this.bodies.reserve(bytes)) throw busy();
    reply.raw.once("close", () => this.bodies.release(bytes));
  }

  private answerError(error: Error & { statusCode?: number }, request: FastifyRequest, reply: FastifyReply): unknown {
    const status = error instanceof RequestError ? error.status : (error.statusCode ?? 500);
    if (status === 503 || status === 429) reply.header("retry-after", "1");
    if (status >= 500 && status !== 503) {
      request.log.error({ url: request.url, reason: error.message, stack: error.stack }, "request failed");
      return reply.code(500).send({ error: "internal error" });
    }
    return reply
      .code(status)
      .send({ error: status === 413 && !(error instanceof RequestError) ? this.tooLarge() : error.message });
  }

  private tooLarge(): string {
    return `the body has more than ${this.options.maximumBody} bytes`;
  }

  private async infer(request: FastifyRequest<ModelParameters>, reply: FastifyReply): Promise<unknown> {
    const { name, version } = request.params;
    return this.models.use(name, version, async (model) => {
      const header = request.headers["inference-header-content-length"];
      const parsed = parseInferRequest(bodyOf(request), header === undefined ? undefined : String(header), model);
      const { body, headerLength } = writeInferResponse(parsed, model, await this.compute(model, parsed.item));
      if (headerLength !== undefined) reply.header("inference-header-content-length", headerLength);
      reply.type(headerLength === undefined ? "application/json" : "application/octet-stream");
      return body;
    });
  }

  private async predict(request: FastifyRequest<PredictQuery>): Promise<unknown> {
    const { model: name, version, invert } = request.query;
    const picture = await pictureIn(bodyOf(request), request.headers["content-type"]);
    return this.models.use(name, version, async (model) => {
      const item = await pictureItem(picture, model.loaded, this.decoder, isSet(invert));
      const judged = judge(await this.compute(model, item));
      return {
        model: model.name,
        version: model.version,
        label: model.loaded.classes[judged.class],
        ...judged,
        classes: model.loaded.classes,
      };
    });
  }

  private async compute({ name, version, loaded }: ServedModel, item: Item): Promise<Float32Array> {
    const logits = await this.pool.infer(loaded.network, item);
    this.countImages({ model: name, version }, item.images);
    return logits;
  }
}

function bodyOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

function isSet(flag: string | undefined): boolean {
  return flag !== undefined && flag !== "false" && flag !== "0";
}

function listed({ name, version, loaded: { input, classes } }: ServedModel) {
  const { channels, height, width } = input;
  return { name, version, input: { channels, height, width }, classes };
}
