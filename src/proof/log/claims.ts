/** What any replicated log claims of what its servers tell. */

import type { Address } from '../../../statecharts/actor.ts';
import type { Problem } from '../claim.ts';

/** An application is told of each entry once in a life, in order and without gaps. */
export const toldInOrder = (server: Address, toldUpTo: number, index: number): Problem =>
  index === toldUpTo + 1 ? undefined : `${server} told its application of ${index} instead of ${toldUpTo + 1}`;
