/**
 * Looks at an ONNX model without loading it: walks the protobuf fields (ONNX's onnx.proto) and refuses what could reach
 * outside the model, what is cut off, and what no honest exporter writes.
 */
import { StrongroomError } from './errors.ts';

const MAX_DEPTH = 32;
const MAX_NODES = 100_000;
/** Operators of ONNX itself and those that onnxruntime adds for processors. */
const DOMAINS = new Set(['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft', 'com.microsoft.nchwc']);

/** The messages that are walked, and what their fields (by number) hold. */
type Message = 'model' | 'graph' | 'node' | 'attribute' | 'tensor' | 'sparse' | 'function' | 'opset';
const INSIDE: Readonly<Record<Message, Readonly<Record<number, Message>>>> = {
  model: { 7: 'graph', 8: 'opset', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  tensor: {},
  sparse: { 1: 'tensor', 2: 'tensor' },
  function: { 7: 'node', 11: 'attribute' },
  opset: {},
};
const TENSOR_DIMS = 1;
const TENSOR_EXTERNAL_DATA = 13;
const TENSOR_DATA_LOCATION = 14;
const OPSET_DOMAIN = 1;

/** Fails with `E_MODEL_INVALID` and the rule that `model` breaks; `name` is only used in the message. */
export function checkModel(model: Uint8Array, name: string): void {
  const walk = new ModelWalk(model, name);
  walk.message('model', 0, model.length, 0);
  if (!walk.hasGraph) throw walk.refuse('It has no graph, so it is no ONNX model, or is cut off.');
}

class ModelWalk {
  hasGraph = false;
  readonly #bytes: Uint8Array;
  readonly #name: string;
  #nodes = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#name = name;
  }

  refuse(why: string): StrongroomError {
    return new StrongroomError('E_MODEL_INVALID', `The model ${JSON.stringify(this.#name)} cannot be used.`, {
      why,
      next: 'Export it again into one self-contained ONNX file.',
    });
  }

  message(kind: Message, from: number, to: number, depth: number): void {
    if (depth > MAX_DEPTH) throw this.refuse(`Its graphs are nested more than ${MAX_DEPTH} deep.`);
    if (kind === 'node' && ++this.#nodes > MAX_NODES) throw this.refuse(`It has more than ${MAX_NODES} nodes.`);
    let at = from;
    while (at < to) at = this.#field(kind, at, to, depth);
  }

  /** Reads the field at `at`; answers where the next one begins. */
  #field(kind: Message, at: number, to: number, depth: number): number {
    const key = this.#varint(at, to);
    const field = Number(key.value >> 3n);
    switch (Number(key.value & 7n)) {
      case 0: {
        const { value, next } = this.#varint(key.next, to);
        this.#number(kind, field, value);
        return next;
      }
      case 1:
        return this.#within(key.next + 8, to);
      case 2: {
        const length = this.#varint(key.next, to);
        const end = this.#within(length.next + Number(length.value), to);
        this.#part(kind, field, length.next, end, depth);
        return end;
      }
      case 5:
        return this.#within(key.next + 4, to);
      default:
        throw this.refuse('It is no protobuf message, or is damaged.');
    }
  }

  #number(kind: Message, field: number, value: bigint): void {
    if (kind !== 'tensor') return;
    if (field === TENSOR_DATA_LOCATION && value !== 0n) throw this.#external();
    if (field === TENSOR_DIMS && BigInt.asIntN(64, value) < 0n)
      throw this.refuse('A constant has a negative dimension.');
  }

  #part(kind: Message, field: number, from: number, to: number, depth: number): void {
    if (kind === 'tensor' && field === TENSOR_EXTERNAL_DATA) throw this.#external();
    if (kind === 'opset' && field === OPSET_DOMAIN) this.#domain(from, to);
    const inside = INSIDE[kind][field];
    if (inside === undefined) return;
    if (inside === 'graph') this.hasGraph = true;
    this.message(inside, from, to, depth + 1);
  }

  #domain(from: number, to: number): void {
    const domain = new TextDecoder().decode(this.#bytes.subarray(from, to));
    if (DOMAINS.has(domain)) return;
    throw this.refuse(`It uses operators of ${JSON.stringify(domain.slice(0, 80))}, which are not here.`);
  }

  #external = (): StrongroomError => this.refuse('It keeps weights in other files (ONNX external data).');

  #varint(at: number, to: number): { value: bigint; next: number } {
    let value = 0n;
    for (let index = 0; index < 10; index++) {
      const byte = at + index < to ? this.#bytes[at + index] : undefined;
      if (byte === undefined) throw this.#cutOff();
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return { value, next: at + index + 1 };
    }
    throw this.refuse('It is no protobuf message, or is damaged.');
  }

  #within(end: number, to: number): number {
    if (end <= to) return end;
    throw this.#cutOff();
  }

  #cutOff = (): StrongroomError => this.refuse('It ends in the middle: it is cut off, or no ONNX file.');
}
