/** The attestor and the key broker, asked over their sockets. */
import type { EnclaveServices } from '../enclave/host/served-function.ts';
import type { EnclavePlaces } from '../stack/enclave-places.ts';
import { askLocally } from '../stack/local-service.ts';
import { bytesIn, fieldsOf, toText } from './enclave-questions.ts';

export const connectEnclaveServices = ({ attestorSocket, brokerSocket }: EnclavePlaces): EnclaveServices => ({
  attest: async ({ channelKey, receiptKey, nonce, ...measured }) => {
    if (!receiptKey) throw new Error('A runner has a receipt key.');
    const keys = { channelKey: toText(channelKey), receiptKey: toText(receiptKey), nonce: toText(nonce) };
    return bytesIn(fieldsOf(await askLocally(attestorSocket, 'attest-runner', { ...keys, ...measured })), 'document');
  },
  brokerNonce: async () => bytesIn(fieldsOf(await askLocally(brokerSocket, 'nonce', {})), 'nonce'),
  release: async (document, { header, enc, wrappedKey }) => {
    const request = { header: toText(header), enc: toText(enc), wrappedKey: toText(wrappedKey) };
    const key = fieldsOf(await askLocally(brokerSocket, 'release', { document: toText(document), ...request }));
    return { enc: bytesIn(key, 'enc'), ciphertext: bytesIn(key, 'ciphertext') };
  },
});
