/** Milliseconds of a clock that all processes of the machine share. */
export const nowMs = (): number => performance.timeOrigin + performance.now();
