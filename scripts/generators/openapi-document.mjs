import { inRoot } from '../bootstrap/root.mjs';
import { runNode } from '../checks/tool.mjs';

/** The OpenAPI document, as the coordinator's own routes say it. @param {string} path where it is written */
export async function openapiDocument(path) {
  const { ok, output } = await runNode([inRoot('services/coordinator/dist/generate-openapi.js'), path]);
  if (!ok) throw new Error(`the OpenAPI document could not be made: ${output}`);
}
