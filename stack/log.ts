/** The platform's log: JSON lines, in which no password, token or wrapped key can turn up. */
import { pino, stdSerializers, type Logger, type LoggerOptions } from 'pino';

const SECRET_FIELDS = ['authorization', 'password', 'token', 'challenge', 'proof', 'message', 'cookie'];

export const openLog = (name: string, level: string): Logger => pino(logOptions(name, level));

export function logOptions(name: string, level: string): LoggerOptions {
  return {
    level,
    base: { process: name },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [
        `req.headers.${field}`,
        `headers.${field}`,
        `body.${field}`,
        `*.body.${field}`,
      ]),
      censor: '[redacted]',
    },
    serializers: {
      ...stdSerializers,
      // The query of a verification link is a token.
      req: (request: { method: string; url: string; id: string; ip: string }) => ({
        id: request.id,
        method: request.method,
        path: request.url.split('?')[0],
        remote: request.ip,
      }),
    },
  };
}
