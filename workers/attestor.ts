/** Entry point of the attestor's process: it alone holds the key that signs attestation documents. */
import { hostname } from 'node:os';
import { Attestor } from '../enclave/attestor/attestor.ts';
import { openHostKey } from '../enclave/attestor/host-key.ts';
import { readPlatformConfiguration } from '../stack/configuration.ts';
import { enclavePlaces } from '../stack/enclave-places.ts';
import { serveLocally } from '../stack/local-service.ts';
import { measureEnclave } from './enclave-measurements.ts';
import { bytesIn, fieldsOf, sha256In, toText } from './enclave-questions.ts';
import { untilStopped } from './stop-signal.ts';

const config = readPlatformConfiguration();
const places = enclavePlaces(config.dataFolder);
const { key, root } = await openHostKey(places.hostFolder, places.rootFolder, new Date());
const attestor = new Attestor({
  hostKey: key,
  moduleId: hostname(),
  ...(await measureEnclave(config.sandbox)),
  now: () => new Date(),
});

const service = await serveLocally(places.attestorSocket, {
  describe: async () => ({ root, ...attestor.measurements }),
  'attest-runner': async (question) => {
    const fields = fieldsOf(question);
    const document = await attestor.attestRunner({
      channelKey: bytesIn(fields, 'channelKey'),
      receiptKey: bytesIn(fields, 'receiptKey'),
      nonce: bytesIn(fields, 'nonce'),
      functionChecksum: sha256In(fields, 'functionChecksum'),
      models: sha256In(fields, 'models'),
      releasePolicy: sha256In(fields, 'releasePolicy'),
    });
    return { document: toText(document) };
  },
  'attest-broker': async (question) => {
    const fields = fieldsOf(question);
    const document = await attestor.attestBroker({
      channelKey: bytesIn(fields, 'channelKey'),
      userData: bytesIn(fields, 'userData'),
      nonce: bytesIn(fields, 'nonce'),
    });
    return { document: toText(document) };
  },
});
await untilStopped();
await service.close();
