/** How operations of the log end. */

/** What became of an operation when its turn in the log came. */
export type Fate =
  /** Now, or when the same request came first. */
  | { readonly type: 'applied'; readonly result: unknown }
  | { readonly type: 'registered'; readonly session: number }
  /** There are as many sessions as may be, and none of them is idle; or one has this id by chance. */
  | { readonly type: 'sessions-full' }
  | { readonly type: 'closed' }
  /** Not applied: the session is not known any more, so it cannot be told whether the request came before. */
  | { readonly type: 'session-expired' }
  /** Not applied: the client has said that it is done with this request. */
  | { readonly type: 'already-answered' }
  /** Not applied: too far ahead of the lowest unanswered request, or too many of its results are kept already. */
  | { readonly type: 'beyond-window' }
  /** Not applied: the key came before, with another command. */
  | { readonly type: 'key-reused' };
