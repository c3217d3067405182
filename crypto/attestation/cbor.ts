/** CBOR (RFC 8949) as all signed and authenticated things here use it: written deterministically, read strictly. */
import { cdeEncodeOptions, decode, encode } from 'cbor2';

/** What may be written: plain data only, maps with keys of one kind. */
export type CborValue = string | number | boolean | null | Uint8Array | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<string, CborValue> | ReadonlyMap<number, CborValue>;

/** The deterministic encoding of `value` (RFC 8949 section 4.2). */
export const encodeCbor = (value: CborValue): Uint8Array<ArrayBuffer> =>
  new Uint8Array(encode(withPlainBytes(value), cdeEncodeOptions));

/** Reads one item that fills `bytes`; maps come as `Map`. Fails on repeated keys and streams of unknown length. */
export const decodeCbor = (bytes: Uint8Array): unknown =>
  decode(bytes, { preferMap: true, rejectDuplicateKeys: true, rejectStreaming: true });

/** A `Buffer` has a `toJSON` of its own, which the encoder would prefer to its bytes. */
function withPlainBytes(value: CborValue): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map((item: CborValue) => withPlainBytes(item));
  if (value instanceof Map) {
    return new Map([...(value as ReadonlyMap<unknown, CborValue>)].map(([key, item]) => [key, withPlainBytes(item)]));
  }
  return value;
}
