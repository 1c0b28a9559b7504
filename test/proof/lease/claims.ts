/** What must hold of leases, over what was observed of them: one statement, for the checker and the simulator alike. */

/** A lease that a holder has told its application of. */
export interface Holding {
  readonly holder: string;
  readonly epoch: number;
}

/** Each epoch belongs to one holder, for ever. @returns what is wrong, in words */
export function oneHolderPerEpoch(holdings: readonly Holding[]): string | undefined {
  const holders = new Map<number, string>();
  for (const { holder, epoch } of holdings) {
    const other = holders.get(epoch) ?? holder;
    if (other !== holder) return `${other} and ${holder} both held the lease of epoch ${epoch}`;
    holders.set(epoch, holder);
  }
  return undefined;
}
