import type { ScriptedModel } from '@roundhouse/testkit';
import type { ProgramName } from './programs.ts';

/** How a program is brought to ask the scripted model: variables for agents, and further arguments of the program. */
export interface ModelSide {
  readonly environment: Readonly<Record<string, string>>;
  readonly extraArgs: readonly string[];
  readonly model?: string;
}

/** No key of anybody: what each program needs to believe that it is logged in. */
const KEY = 'scripted-model';

/** What is not on this machine is asked of the model, which lets nothing through. */
const nowhere = ({ url }: ScriptedModel): Record<string, string> => ({
  HTTP_PROXY: url,
  HTTPS_PROXY: url,
  ALL_PROXY: url,
  https_proxy: url,
  http_proxy: url,
  NO_PROXY: '127.0.0.1,localhost',
  no_proxy: '127.0.0.1,localhost',
});

/** Each program's own, documented way to another provider. */
export const MODEL_SIDES: Readonly<Record<ProgramName, (model: ScriptedModel) => ModelSide>> = {
  claude: (model) => ({
    environment: { ...nowhere(model), ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: KEY },
    extraArgs: [],
  }),
  codex: (model) => ({
    environment: { ...nowhere(model), SCRIPTED_MODEL_KEY: KEY },
    extraArgs: [
      'model_provider="scripted"',
      `model_providers.scripted={name="scripted",base_url="${model.url}/v1",wire_api="responses",env_key="SCRIPTED_MODEL_KEY"}`,
    ].flatMap((setting) => ['-c', setting]),
    model: 'scripted-model',
  }),
  gemini: (model) => ({
    environment: { ...nowhere(model), GOOGLE_GEMINI_BASE_URL: model.url, GEMINI_API_KEY: KEY },
    extraArgs: [],
  }),
  opencode: (model) => ({
    environment: {
      ...nowhere(model),
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_CONFIG_CONTENT: JSON.stringify({
        model: 'scripted/scripted-model',
        small_model: 'scripted/scripted-model',
        provider: {
          scripted: {
            npm: '@ai-sdk/openai-compatible',
            name: 'Scripted',
            options: { baseURL: `${model.url}/v1`, apiKey: KEY },
            models: { 'scripted-model': { name: 'Scripted', tool_call: true } },
          },
        },
      }),
    },
    extraArgs: [],
  }),
  copilot: (model) => ({
    environment: {
      ...nowhere(model),
      COPILOT_OFFLINE: 'true',
      COPILOT_PROVIDER_BASE_URL: `${model.url}/v1`,
      COPILOT_PROVIDER_API_KEY: KEY,
      COPILOT_MODEL: 'scripted-model',
    },
    extraArgs: [],
  }),
};
