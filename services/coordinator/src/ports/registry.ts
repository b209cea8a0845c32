import type { Coordinator, Project } from '@roundhouse/contracts';

export interface Registry {
  /** Answers the project that has the id from then on: an earlier one where there is one. */
  addProject(project: Project): Promise<Project>;
  project(id: string): Promise<Project | null>;
  projects(): Promise<Project[]>;
  addCoordinator(coordinator: Coordinator): Promise<void>;
  coordinator(id: string): Promise<Coordinator | null>;
  coordinators(): Promise<Coordinator[]>;
  /** Changes a coordinator and orders a look at who may start because of it, in one step; null where there is none. */
  changeCoordinator(id: string, change: (known: Coordinator) => Coordinator): Promise<Coordinator | null>;
}
