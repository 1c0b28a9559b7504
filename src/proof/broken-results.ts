/** What comes of a rule, spoilt in ways that twins of several protocols have in common. */

/** What a rule has come to. */
interface Ruled {
  readonly effects?: readonly { readonly type: string }[];
}

/** Without what is written down. */
export const unwritten = <Result extends Ruled>(result: Result): Result => ({
  ...result,
  effects: (result.effects ?? []).filter(({ type }) => type !== 'persist'),
});

/** With the answers first, and then what had to be written down before. */
export const answeredFirst = <Result extends Ruled>(result: Result): Result => ({
  ...result,
  effects: (result.effects ?? []).toReversed(),
});
