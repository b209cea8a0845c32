export { moveAtomic, writeFileAtomic } from './atomic-file.ts';
export { type FileLock, LockHeldError, takeFileLock } from './file-lock.ts';
export { LOG_DESTINATION, type Logger } from './logger.ts';
export { MARK_VARIABLE, startTimeOf } from './process-table.ts';
export { type ProcessTree, endProcessTree, findProcesses } from './process-tree.ts';
export { NoRedisError, type RedisProgram, findRedis, onPath } from './redis-program.ts';
export { type RedisServer, startRedis } from './redis-server.ts';
export { type RunningService, type ServiceContext, runService } from './service.ts';
export { socketFolder } from './socket-path.ts';
