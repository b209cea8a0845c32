export * from './embedded-service.ts';
export * from './example-input.ts';
export * from './leak-check.ts';
export * from './process-table.ts';
export * from './redis.ts';
export * from './scratch-repository.ts';
export * from './temporary-folder.ts';
export * from './waiting.ts';
