/**
 * What is in a text and does not show, by Unicode property: control characters (Cc) but tab and newline; format characters
 * (Cf: bidi embeddings, overrides and isolates, zero-width ones, soft hyphens, tags); line and paragraph separators (Zl,
 * Zp); whatever else is to be ignored by default (variation selectors, fillers); and noncharacters. It can turn a terminal,
 * a page or the order of a line around, or say to a model what no person sees.
 */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

/** A stranger's text as one would see it: nothing but what shows, tabs and newlines; halves of surrogate pairs replaced. */
export const plainText = (text: string): string => text.toWellFormed().replace(UNSEEN, '');

/** The same on one line. */
export const plainLine = (text: string): string => plainText(text.replaceAll(/\s+/gu, ' ')).trim();
