import {
  ACCESS,
  ANY_INSTRUCTIONS_MARK,
  type Identity,
  instructionsMark,
  RoundhouseError,
  Uuid,
} from '@roundhouse/contracts';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GitAccess, GitRequest, GitService, GitSmartHttp } from '../ports/hubs.ts';
import type { Deps } from '../handlers/deps.ts';
import { authenticate, header } from './authenticate.ts';
import { trailOf } from './call-trail.ts';

/** What a caller may do in a hub: the matrix says whether, its token which ref. */
function accessOf(identity: Identity): GitAccess {
  const writes = ACCESS.hubWrite[identity.role];
  const isRunner = identity.role === 'runner';
  return {
    refused: isRunner ? instructionsMark(identity.taskId) : ANY_INSTRUCTIONS_MARK,
    // People push whole histories; a task that does has no such reason.
    strict: isRunner,
    writableRef: writes === 'any' ? 'refs/*' : writes === 'own' && identity.role === 'runner' ? identity.ref : null,
    seesAll: ACCESS.hubRead[identity.role] === 'any',
  };
}

const isService = (name: unknown): name is GitService => name === 'git-upload-pack' || name === 'git-receive-pack';
/** The line that a smart server's advertisement begins with (gitprotocol-http(5)). */
const serviceLine = (service: GitService): string => {
  const line = `# service=${service}\n`;
  return `${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`;
};

/** `GET /git/<project>.git/info/refs` and `POST /git/<project>.git/git-{upload,receive}-pack`. */
export function registerGitRoutes(app: FastifyInstance, deps: Deps, git: GitSmartHttp): void {
  const admit = async (request: FastifyRequest, reply: FastifyReply, service: GitService): Promise<GitRequest> => {
    const { project: projectId } = request.params as { project: string };
    // Git asks without credentials first, and again with them once it is told how.
    const asked = service === 'git-receive-pack' ? 'hubWrite' : 'hubRead';
    trailOf(request).operation = asked;
    const { info } = await authenticate(deps, request).catch((error: unknown) => {
      void reply.header('www-authenticate', 'Basic realm="roundhouse"');
      throw error;
    });
    const { identity } = info;
    const project = Uuid.safeParse(projectId).success ? await deps.registry.project(projectId) : null;
    if (project === null || !(await belongs(deps, identity, projectId))) {
      throw new RoundhouseError('project_not_found', `there is no project ${projectId}`);
    }
    if (ACCESS[asked][identity.role] === 'none') {
      throw new RoundhouseError('ref_forbidden', `a token of role ${identity.role} may not do this in a hub`);
    }
    const gone = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    return {
      projectId,
      service,
      access: accessOf(identity),
      protocol: header(request, 'git-protocol') ?? undefined,
      signal: gone.signal,
    };
  };

  const answer = (reply: FastifyReply, type: string, output: Readable): FastifyReply =>
    reply.header('cache-control', 'no-cache').type(type).send(output);

  app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    // The pack is streamed into git: it is neither parsed nor held, and git itself holds its size.
    scope.addContentTypeParser('*', (_request, payload, next) => next(null, payload));

    scope.get(
      '/git/:project.git/info/refs',
      { schema: { hide: true }, config: { access: 'hubRead' } },
      async (request, reply) => {
        const { service } = request.query as { service?: unknown };
        if (!isService(service)) throw new RoundhouseError('bad_request', 'only git’s smart protocol is spoken here');
        const { output } = git.advertise(await admit(request, reply, service));
        return await answer(
          reply,
          `application/x-${service}-advertisement`,
          Readable.from(prefixed(serviceLine(service), output)),
        );
      },
    );

    for (const service of ['git-upload-pack', 'git-receive-pack'] as const) {
      scope.post(
        `/git/:project.git/${service}`,
        {
          schema: { hide: true },
          config: { access: service === 'git-receive-pack' ? 'hubWrite' : 'hubRead' },
          bodyLimit: Number.MAX_SAFE_INTEGER,
        },
        async (request, reply) => {
          const admitted = await admit(request, reply, service);
          const body = request.body as Readable;
          const input = header(request, 'content-encoding') === 'gzip' ? body.pipe(createGunzip()) : body;
          const { output } = await git.exchange(admitted, input);
          return await answer(reply, `application/x-${service}-result`, output);
        },
      );
    }
    done();
  });
}

/** Where the matrix says `own`: the project of the caller's task, or of its coordinator. Others have none, or all. */
async function belongs(deps: Deps, identity: Identity, projectId: string): Promise<boolean> {
  if (ACCESS.hubRead[identity.role] !== 'own') return true;
  if ('taskId' in identity) return (await deps.store.read(identity.taskId))?.projectId === projectId;
  if (!('coordinatorId' in identity)) return false;
  return (await deps.registry.coordinator(identity.coordinatorId))?.projectId === projectId;
}

async function* prefixed(first: string, rest: Readable): AsyncGenerator<Buffer | string> {
  yield first;
  for await (const chunk of rest) yield chunk as Buffer;
}
