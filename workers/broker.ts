/** Entry point of the key broker's process: it alone holds the master secret of all users' keys. */
import path from 'node:path';
import { encodeUserKeyClaim } from '../crypto/sealed/attested-user-key.ts';
import { parseGeneration } from '../crypto/sealed/user-key.ts';
import { parseHandle } from '../domain/ids.ts';
import { Broker } from '../enclave/broker/broker.ts';
import { decisionFile } from '../enclave/broker/decisions.ts';
import { keyFileStore } from '../enclave/broker/master-secret.ts';
import { readPlatformConfiguration } from '../stack/configuration.ts';
import { enclavePlaces } from '../stack/enclave-places.ts';
import { askLocally, serveLocally } from '../stack/local-service.ts';
import { bytesIn, fieldsOf, sha256In, textIn, toText } from './enclave-questions.ts';
import { untilStopped } from './stop-signal.ts';

const { dataFolder, masterKeyFile } = readPlatformConfiguration();
const places = enclavePlaces(dataFolder);
const within = (name: string) => path.join(places.brokerFolder, name);
const described = fieldsOf(await askLocally(places.attestorSocket, 'describe', {}));
const measured = fieldsOf(described.runner);
const masterSecret = await keyFileStore(within('master-secret'), masterKeyFile ?? within('key')).open();
using broker = new Broker({
  masterSecret,
  policy: {
    runners: {
      accept: ['software'],
      roots: [{ tee: 'software', certificate: textIn(described, 'root') }],
      registers: { 0: [sha256In(measured, 'runnerImage')], 1: [sha256In(measured, 'sandbox')] },
    },
    log: null,
  },
  decided: decisionFile(within('decisions.jsonl'), (error) => process.stderr.write(`${String(error)}\n`)),
  now: () => new Date(),
});

const service = await serveLocally(places.brokerSocket, {
  nonce: async () => ({ nonce: toText(broker.nonce()) }),
  release: async (question) => {
    const fields = fieldsOf(question);
    const { key } = await broker.release({
      document: bytesIn(fields, 'document'),
      keyRequest: {
        header: bytesIn(fields, 'header'),
        enc: bytesIn(fields, 'enc'),
        wrappedKey: bytesIn(fields, 'wrappedKey'),
      },
      consent: null,
    });
    return { enc: toText(key.enc), ciphertext: toText(key.ciphertext) };
  },
  'user-key': async (question) => {
    const fields = fieldsOf(question);
    const name = { user: parseHandle(fields.user), generation: parseGeneration(fields.generation) };
    const { publicKey, keyId } = await broker.userKey(name);
    const attested = await askLocally(places.attestorSocket, 'attest-broker', {
      channelKey: toText(publicKey),
      userData: toText(encodeUserKeyClaim(name)),
      nonce: textIn(fields, 'nonce'),
    });
    return { ...fieldsOf(attested), keyId };
  },
});
await untilStopped();
await service.close();
