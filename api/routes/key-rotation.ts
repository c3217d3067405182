import { rotateKey } from '../../storage/key-rotation.ts';
import { callerOf } from '../caller.ts';
import * as contract from '../contract/key-rotation.ts';
import { toReachable, toStored } from '../hosted-url.ts';
import type { App, Services } from '../services.ts';

/** Ten thousand wrapped keys, which take one to two thousand bytes each. */
const ROTATION_BODY_LIMIT = 32 * 2 ** 20;

export function keyRotationRoutes(app: App, { db, settings: { publicUrl } }: Services): void {
  app.route({
    ...contract.rotateKey,
    bodyLimit: ROTATION_BODY_LIMIT,
    handler: async (request) => {
      const rotation = { ...request.body, archive: toStored(publicUrl, request.body.archive) };
      const container = await rotateKey(db, callerOf(request), request.params.name, rotation);
      return { ...container, archive: toReachable(publicUrl, container.archive) };
    },
  });
}
