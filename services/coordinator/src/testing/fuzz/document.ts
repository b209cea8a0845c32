import type { OperationName } from '@roundhouse/contracts';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** As much of JSON Schema (2020-12) as the document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface DocumentedResponse {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
  readonly 'x-error-codes'?: readonly string[];
}
interface DocumentedOperation {
  readonly operationId: OperationName;
  readonly parameters?: readonly { in: string; name: string; required?: boolean; schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface FuzzedOperation {
  readonly name: OperationName;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { in: string; name: string; required: boolean; schema: Schema }[];
  readonly body: Schema | null;
}

/** The document as the fuzz reads it: what may be asked, and what may be answered. */
export function readDocument(json: unknown) {
  const document = json as OpenApi;
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'api');
  const validators = new Map<string, ValidateFunction>();
  const pointer = (...parts: string[]): string =>
    parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, entry]) => ({ path, method, entry })),
  );

  return {
    operations: entries.map(({ path, method, entry }): FuzzedOperation => ({
      name: entry.operationId,
      method: method.toUpperCase(),
      path,
      parameters: (entry.parameters ?? []).map((parameter) => ({ required: false, ...parameter })),
      body: entry.requestBody?.content['application/json']?.schema ?? null,
    })),
    resolve(schema: Schema): Schema {
      const name = schema.$ref?.slice('#/components/schemas/'.length);
      return name === undefined ? schema : (document.components.schemas[name] ?? {});
    },
    /** What is wrong with an answer by the document, or null. */
    fault(name: OperationName, status: number, type: string, body: unknown): string | null {
      const found = entries.find(({ entry }) => entry.operationId === name);
      const response = found?.entry.responses[String(status)];
      if (found === undefined || response === undefined) return `${name} does not document the status ${status}`;
      const code = (body as { error?: { code?: string } } | null)?.error?.code ?? '';
      const codes = response['x-error-codes'];
      if (codes !== undefined && !codes.includes(code)) return `${name} does not document ${status} ${code}`;
      if (response.content === undefined) return body === null ? null : `${name} documents no body for ${status}`;
      if (!(type in response.content)) return `${name} does not document ${status} as ${type}`;
      const key = `${name} ${status}`;
      const { path, method } = found;
      const place = pointer('paths', path, method, 'responses', String(status), 'content', type, 'schema');
      const validate = validators.get(key) ?? ajv.compile({ $ref: `api#/${place}` });
      validators.set(key, validate);
      return validate(body) ? null : `${name} ${status}: ${ajv.errorsText(validate.errors)}`;
    },
  };
}

export type FuzzedDocument = ReturnType<typeof readDocument>;
