/** The answer where it is not known what has become durable. */

import { messageOf } from '../../environment/message.ts';

export const unknownBecause = (error: unknown): { readonly type: 'unknown'; readonly reason: string } => ({
  type: 'unknown',
  reason: messageOf(error),
});
