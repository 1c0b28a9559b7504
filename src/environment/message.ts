/** What was thrown, in words: JavaScript throws anything. */

/** The message of whatever was thrown, also where that has none, or one that is no text. */
export function messageOf(error: unknown): string {
  const message: unknown = error instanceof Error ? error.message : error;
  if (typeof message === 'string') return message;
  try {
    return String(message);
  } catch {
    return 'something without a message was thrown';
  }
}
