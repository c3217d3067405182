/** A new key for a container, and with it a new archive and new grants. */
import { Type } from 'typebox';
import { WrappedKeySchema } from './grants.ts';
import { byContainer, ContainerSchema, HostedArchiveSchema } from './registrations.ts';
import { defineRoute } from './route.ts';
import { AssociationIdSchema, closed, FingerprintSchema, ReasonSchema, Sha256Schema } from './words.ts';

const GRANTS_AT_MOST = 10_000;
const named = { association: AssociationIdSchema, fingerprint: FingerprintSchema };

export const rotateKey = defineRoute({
  method: 'POST',
  url: '/v1/containers/:owner/:name/rotation',
  id: 'rotateKey',
  tag: 'Access',
  summary: 'Replace archive and wrapped keys: all of them, or none',
  description:
    'The image stays the same, so what was approved stays approved. `grants` and `ended` together name everyone who has access at this moment, or the request is refused (409) and changes nothing. Repeating the same request answers the same.',
  params: byContainer,
  body: Type.Object(
    {
      from: Sha256Schema,
      archive: HostedArchiveSchema.ref,
      grants: Type.Array(Type.Object({ ...named, message: WrappedKeySchema }, closed), { maxItems: GRANTS_AT_MOST }),
      ended: Type.Array(Type.Object({ ...named, reason: ReasonSchema }, closed), { maxItems: GRANTS_AT_MOST }),
    },
    closed,
  ),
  answers: { 200: ContainerSchema.ref },
});
