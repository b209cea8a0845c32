import { encodeQR } from 'qr';

/**
 * A text as a QR code (ISO/IEC 18004), two rows of it a line, in half blocks: light where a character stands, so that it is
 * right way round on a dark terminal; who prints it in colour says so.
 */
export const qrLines = (text: string): string[] =>
  encodeQR(text, 'ascii', { ecc: 'low', border: 2 }).trimEnd().split('\n');
