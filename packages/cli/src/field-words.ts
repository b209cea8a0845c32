/**
 * What others call what a command of ours does, by the command's own words. Only a hint is made of it: one thing has one
 * name here (CONTEXT.md), so none of these is a second name of a command.
 */
export const FIELD_WORDS: Readonly<Record<string, readonly string[]>> = {
  up: ['start', 'serve', 'server', 'init', 'daemon', 'launch'],
  demo: ['try', 'tour', 'example', 'quickstart'],
  run: ['ci', 'plan', 'exec', 'apply'],
  task: ['job', 'jobs', 'session', 'sessions', 'worker', 'workers', 'agent', 'agents', 'subtask', 'tasks'],
  events: ['history', 'tail', 'watch', 'follow', 'wait', 'monitor'],
  project: ['repo', 'repos', 'repository', 'repositories', 'workspace', 'workspaces', 'projects'],
  coordinator: ['orchestrator', 'manager', 'supervisor', 'owner', 'parent', 'coordinators'],
  notifications: ['notify', 'notification', 'notices', 'messages', 'inbox', 'webhook', 'webhooks', 'alerts'],
  launcher: ['host', 'hosts', 'node', 'nodes', 'runner', 'runners', 'scheduler', 'launchers'],
  breaker: ['quota', 'quotas', 'throttle', 'limiter', 'breakers'],
  token: ['login', 'auth', 'key', 'keys', 'secret', 'secrets', 'tokens'],
  doctor: ['check', 'status', 'health', 'info', 'diagnose'],

  'task run': ['start', 'create', 'new', 'add', 'spawn', 'launch', 'submit', 'exec'],
  'task ls': ['list', 'ps'],
  'task show': ['get', 'status', 'info', 'inspect', 'describe', 'view'],
  'task diff': ['changes', 'patch', 'review'],
  'task output': ['log', 'logs', 'tail', 'cat', 'screen', 'terminal', 'recording', 'transcript'],
  'task prompt': ['send', 'message', 'tell', 'steer', 'say', 'ask'],
  'task withdraw': ['unsend', 'recall', 'retract'],
  'task merge': ['land', 'accept', 'approve', 'integrate', 'ship'],
  'task close': ['kill', 'stop', 'cancel', 'rm', 'remove', 'delete', 'end', 'abort', 'terminate', 'archive'],
  'task depend': ['depends', 'needs', 'after'],
  'task take': ['attach', 'control', 'takeover', 'grab', 'lock', 'hold'],
  'task type': ['input', 'write', 'keys', 'enter'],
  'task return': ['release', 'give', 'detach', 'unlock'],
  'task answer': ['reply', 'respond', 'question'],

  'project add': ['create', 'new', 'import', 'register', 'init'],
  'project ls': ['list'],

  'coordinator create': ['new', 'add', 'register'],
  'coordinator ls': ['list', 'ps'],
  'coordinator show': ['get', 'status', 'info', 'inspect', 'describe', 'view'],
  'coordinator pause': ['hold', 'suspend', 'freeze'],
  'coordinator resume': ['unpause', 'continue'],
  'coordinator set': ['edit', 'update', 'rename', 'limit', 'limits', 'budget'],
  'coordinator stop': ['disable', 'revoke', 'block'],
  'coordinator start': ['enable', 'allow', 'unblock'],
  'coordinator log': ['logs', 'calls', 'history', 'audit'],
  'coordinator pair': ['phone', 'mobile', 'pin', 'qr'],

  'mcp config': ['install', 'add', 'setup', 'init', 'connect', 'write', 'print'],

  'notifications list': ['ls', 'show'],
  'notifications ack': ['acknowledge', 'read', 'seen', 'done'],
  'notifications drop': ['rm', 'remove', 'delete', 'clear', 'dismiss', 'forget'],
  'notifications config': ['set', 'settings', 'webhook'],

  'launcher ls': ['list', 'ps', 'status', 'show'],

  'breaker ls': ['list', 'status', 'show'],
  'breaker open': ['trip', 'block'],
  'breaker close': ['reset', 'clear', 'resume'],

  'token create': ['new', 'add', 'issue', 'make'],
  'token rotate': ['renew', 'refresh', 'replace'],
  'token revoke': ['rm', 'remove', 'delete', 'drop', 'disable'],
  'token ls': ['list'],

  'audit export': ['log', 'dump', 'download', 'print'],
  'audit verify': ['check', 'validate'],
};
