export type { Reply, Script, ScriptedCall, Turn } from './script.ts';
export { type ModelRequest, ScriptedModel } from './scripted-model.ts';
