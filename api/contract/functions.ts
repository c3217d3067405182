/** Confidential functions: their deployment, sessions with them, and what proves the enclave that runs them. */
import { Type } from 'typebox';
import { FUNCTION_STATES, INPUT_TYPES, LEAST_MEMORY_MB, MOST, OUTPUT_TYPES } from '../../domain/function.ts';
import { defineRoute, nothing, pageQuery, pagesOf } from './route.ts';
import {
  BytesSchema,
  closed,
  FunctionIdSchema,
  FunctionNameSchema,
  HandleSchema,
  named,
  nullable,
  oneOf,
  Sha256Schema,
  SizeSchema,
  TimestampSchema,
} from './words.ts';

const within = (least: number, most: number) => Type.Integer({ minimum: least, maximum: most });

const described = {
  name: FunctionNameSchema,
  checksum: Sha256Schema,
  bundle: Type.Object({ sha256: Sha256Schema, size: SizeSchema }, closed),
  public: Type.Boolean({ description: 'Whether everyone with an account may call it.' }),
  limits: Type.Object(
    {
      memoryMb: within(LEAST_MEMORY_MB, MOST.memoryMb),
      seconds: within(1, MOST.seconds),
      threads: within(1, MOST.threads),
    },
    closed,
  ),
  input: Type.Object({ type: oneOf(INPUT_TYPES), maxBytes: within(1, MOST.inputBytes) }, closed),
  output: Type.Object({ type: oneOf(OUTPUT_TYPES) }, closed),
};

export const DeployedFunctionSchema = named(
  'DeployedFunction',
  Type.Object({
    id: FunctionIdSchema,
    owner: HandleSchema,
    version: Type.Integer({ minimum: 1 }),
    ...described,
    state: oneOf(FUNCTION_STATES),
    failure: nullable(
      Type.Object({
        code: Type.String(),
        message: Type.String(),
        why: Type.Optional(Type.String()),
        next: Type.Optional(Type.String()),
      }),
    ),
    deployedAt: TimestampSchema,
  }),
);

const MeasurementsSchema = Type.Object({ runnerImage: Sha256Schema, sandbox: Sha256Schema });

export const EnclaveSchema = named(
  'Enclave',
  Type.Object({
    root: Type.String({ description: 'PEM. What attestation documents end in; to be pinned, not believed each time.' }),
    runner: MeasurementsSchema,
    broker: MeasurementsSchema,
  }),
);

export const SessionTicketSchema = named(
  'SessionTicket',
  Type.Object({
    ticket: Type.String({ description: 'Begins one session within a minute, and proves nothing else.' }),
    token: Type.String({ description: 'For the runner, inside sealed messages only.' }),
    tokenId: Type.String(),
    expiresAt: TimestampSchema,
    function: DeployedFunctionSchema.ref,
  }),
);

export const functionSchemas = [DeployedFunctionSchema.schema, EnclaveSchema.schema, SessionTicketSchema.schema];

const common = { tag: 'Functions' } as const;

export const deployFunction = defineRoute({
  ...common,
  method: 'POST',
  url: '/v1/functions',
  id: 'deployFunction',
  summary: 'Deploy an encrypted function that was uploaded',
  description:
    'The same name and checksum again answers the version that is there. A runner then tries it: `state` tells how.',
  body: Type.Object(described, closed),
  answers: { 201: DeployedFunctionSchema.ref },
});

export const listFunctions = defineRoute({
  ...common,
  method: 'GET',
  url: '/v1/functions',
  id: 'listFunctions',
  summary: 'List your functions, every version',
  querystring: Type.Object(
    { ...pageQuery, name: Type.Optional(FunctionNameSchema), state: Type.Optional(oneOf(FUNCTION_STATES)) },
    closed,
  ),
  answers: { 200: pagesOf(DeployedFunctionSchema.ref) },
});

export const readFunction = defineRoute({
  ...common,
  method: 'GET',
  url: '/v1/functions/:id',
  id: 'readFunction',
  summary: 'Show a function by its id',
  params: Type.Object({ id: FunctionIdSchema }),
  answers: { 200: DeployedFunctionSchema.ref },
});

export const readFunctionByName = defineRoute({
  ...common,
  method: 'GET',
  url: '/v1/accounts/:owner/functions/:name',
  id: 'readFunctionByName',
  summary: 'Show a function by its name: the newest version that is ready, or the one that is asked for',
  params: Type.Object({ owner: HandleSchema, name: FunctionNameSchema }),
  querystring: Type.Object({ version: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,8}$' })) }, closed),
  answers: { 200: DeployedFunctionSchema.ref },
});

export const deleteFunction = defineRoute({
  ...common,
  method: 'DELETE',
  url: '/v1/functions/:id',
  id: 'deleteFunction',
  summary: 'Delete a version of a function with its ciphertext, and end its runners',
  description:
    'Jobs of it that go on fail; what they have answered stays until each job is deleted by whom it belongs to.',
  params: Type.Object({ id: FunctionIdSchema }),
  answers: { 204: nothing },
});

export const openSession = defineRoute({
  ...common,
  method: 'POST',
  url: '/v1/functions/:id/sessions',
  id: 'openSession',
  summary: 'Get a ticket for a session with a function',
  description:
    'The session itself is a WebSocket at /v1/sessions. Its first message is text: {"ticket", "nonce"}, the nonce 32 ' +
    'bytes in base64url. The answer is the attestation document of the runner, made for the nonce; what follows is sealed.',
  params: Type.Object({ id: FunctionIdSchema }),
  answers: { 201: SessionTicketSchema.ref },
});

export const readEnclave = defineRoute({
  ...common,
  method: 'GET',
  url: '/v1/enclave',
  id: 'readEnclave',
  summary: 'Show the root and the registers of the enclave, to compare with what was pinned',
  answers: { 200: EnclaveSchema.ref },
});

export const attestUserKey = defineRoute({
  ...common,
  method: 'POST',
  url: '/v1/accounts/:handle/sealing-key',
  id: 'attestUserKey',
  summary: "Have the key broker attest a user's key, for a nonce",
  params: Type.Object({ handle: HandleSchema }),
  body: Type.Object({ nonce: BytesSchema }, closed),
  answers: { 201: Type.Object({ document: BytesSchema }) },
});

export const rotateSealingKey = defineRoute({
  ...common,
  method: 'POST',
  url: '/v1/account/sealing-key/rotation',
  id: 'rotateSealingKey',
  summary: 'Move on to your next sealing key',
  description:
    'From now on it is the one that is attested for you. `generation` is its number, one more than that of the present ' +
    'one. What was sealed to earlier keys is opened as before.',
  body: Type.Object({ generation: within(2, 65_535) }, closed),
  answers: { 204: nothing },
});
