/** What both who issues and who verifies invocation tokens must write in the same way. */

/** `{"alg":"EdDSA","typ":"JWT"}` in base64url: the only header that is accepted. */
export const INVOCATION_TOKEN_HEADER = 'eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9';

/** A session ends with its token: whoever may not invoke any more cannot for longer than this. */
export const INVOCATION_SECONDS = 900;
/** In which time the session for which a ticket was given must begin. */
export const TICKET_SECONDS = 60;

/** `{"alg":"EdDSA","typ":"strongroom-job"}`: a permit for a job never passes for an invocation token, nor the other way. */
export const JOB_PERMIT_HEADER = 'eyJhbGciOiJFZERTQSIsInR5cCI6InN0cm9uZ3Jvb20tam9iIn0';
