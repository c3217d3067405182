/** All routes and named schemas of the contract. */
import type { Operation } from '../../domain/permissions.ts';
import * as accounts from './accounts.ts';
import * as approvalPolicies from './approval-policies.ts';
import * as audit from './audit.ts';
import * as associations from './associations.ts';
import * as blobs from './blobs.ts';
import * as certificates from './certificates.ts';
import * as committees from './committees.ts';
import * as deviceLogins from './device-logins.ts';
import * as events from './events.ts';
import * as functions from './functions.ts';
import * as grants from './grants.ts';
import * as jobs from './jobs.ts';
import * as keyRotation from './key-rotation.ts';
import * as log from './log.ts';
import { ProblemSchema } from './problem.ts';
import * as registrations from './registrations.ts';
import * as results from './results.ts';
import * as webhooks from './webhooks.ts';
import * as workflows from './workflows.ts';

export const namedSchemas = [
  ProblemSchema.schema,
  ...accounts.accountSchemas,
  ...deviceLogins.deviceLoginSchemas,
  ...certificates.certificateSchemas,
  ...approvalPolicies.approvalPolicySchemas,
  ...registrations.registrationSchemas,
  ...committees.committeeSchemas,
  ...associations.associationSchemas,
  ...grants.grantSchemas,
  ...results.resultSchemas,
  ...events.eventSchemas,
  ...webhooks.webhookSchemas,
  ...workflows.workflowSchemas,
  ...audit.auditSchemas,
  ...functions.functionSchemas,
  ...jobs.jobSchemas,
  ...log.logSchemas,
];

const modules = [
  accounts,
  workflows,
  deviceLogins,
  certificates,
  registrations,
  approvalPolicies,
  committees,
  associations,
  grants,
  keyRotation,
  results,
  events,
  webhooks,
  blobs,
  audit,
  functions,
  jobs,
  log,
];

interface DeclaredRoute {
  readonly method: string;
  readonly url: string;
  readonly config: { readonly operation: Operation };
  readonly schema: object;
}

const isRoute = (value: unknown): value is DeclaredRoute =>
  typeof value === 'object' && value !== null && 'method' in value && 'url' in value;

export const declaredRoutes: readonly DeclaredRoute[] = modules.flatMap((module) =>
  Object.values(module).filter(isRoute),
);
