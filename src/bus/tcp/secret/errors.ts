/** What can be wrong with a secret, by name. No message repeats any part of the secret itself. */

import { QuorateError } from '../../../../statecharts/actor.ts';

/** There is no such file. */
export class SecretMissingError extends QuorateError {
  readonly code = 'SECRET_MISSING';
}

/** The secret is an empty text. */
export class SecretEmptyError extends QuorateError {
  readonly code = 'SECRET_EMPTY';
}

/** The secret is so short that it could be guessed. */
export class SecretTooShortError extends QuorateError {
  readonly code = 'SECRET_TOO_SHORT';
}

/** Other users of the machine may read the file. */
export class SecretExposedError extends QuorateError {
  readonly code = 'SECRET_EXPOSED';
}

/** A secret of another kind was expected, such as the cluster's where a client's was given. */
export class SecretKindError extends QuorateError {
  readonly code = 'SECRET_KIND';
}

/** The file cannot be read or written, or does not hold a secret. */
export class SecretFileError extends QuorateError {
  readonly code = 'SECRET_FILE';
}
