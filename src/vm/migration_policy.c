/* What the source decides while a migration goes on.
 *
 * Pure. A pass that leaves hardly less behind than the one before is a stall: then the downtime limit doubles, up to its
 * maximum; beyond it, post-copy where it is allowed. The budget of time comes before that; before all else, that the target still takes
 * something: neither TCP nor QEMU ever gives up one that is only stopped, and in the last pass the guest stands still meanwhile. */
#include "vm/migration_policy.h"

#include "base/strv.h"
#include "base/text.h"

#define PAUSED_GRACE_MS \
	60000 /* a guest that stands still for its migration is not kept so for ever by a target that is stuck */
#define FIRST_COMPARED \
	3 /* the first pass sends all there is, the second what changed during that: no measure of each other */

static struct migration_decision nothing(void)
{
	return (struct migration_decision){ .step = STEP_NONE, .why = "" };
}

static struct migration_decision decide(enum migration_step step, const char *why)
{
	return (struct migration_decision){ .step = step, .why = why };
}

static struct migration_decision to_post_copy(struct migration_course *course, const char *why)
{
	course->post_copy = true;
	return decide(STEP_POST_COPY, why);
}

static struct migration_decision over_budget(const struct migration_policy *policy, const struct migration_terms *terms,
					     struct migration_course *course, int64_t elapsed_ms)
{
	switch (policy->on_budget) {
	case BUDGET_POST_COPY:
		if (terms->post_copy)
			return to_post_copy(course, "the time is up");
		break;
	case BUDGET_PAUSE:
		if (!course->paused) {
			course->paused = true;
			return decide(STEP_PAUSE, "the time is up");
		}
		if (elapsed_ms - policy->budget_ms <
		    (policy->budget_ms > PAUSED_GRACE_MS ? policy->budget_ms : PAUSED_GRACE_MS))
			return nothing();
		return decide(STEP_CANCEL, "it does not end although the guest is paused");
	case BUDGET_CANCEL:
		break;
	}
	return decide(STEP_CANCEL, "the time is up");
}

/* A wider limit lets QEMU finish with more left to send. */
static struct migration_decision widen(const struct migration_policy *policy, struct migration_course *course)
{
	struct migration_decision decision = decide(STEP_DOWNTIME, "passes do not converge");

	course->downtime = course->downtime * 2 > policy->downtime_max ? policy->downtime_max : course->downtime * 2;
	decision.downtime = course->downtime;
	return decision;
}

/* A new pass began: is there less to send than when the last one did? At least an eighth less counts. */
static bool is_stall(struct migration_course *course, const struct migration_progress *progress)
{
	int64_t before = course->remaining;

	course->passes = progress->passes;
	course->remaining = progress->ram_remaining;
	if (progress->passes < FIRST_COMPARED || before <= 0)
		return false;
	if (progress->ram_remaining < before - before / 8)
		return false;
	course->stalls++;
	return true;
}

/* Nothing went on since long. */
static bool is_stuck(struct migration_course *course, const struct migration_progress *progress, int64_t elapsed_ms)
{
	bool counts = progress->state == MIGRATION_SETUP || progress->state == MIGRATION_ACTIVE ||
		      progress->state == MIGRATION_DEVICE;

	if (counts && progress->state == course->state && progress->ram_transferred == course->transferred)
		return elapsed_ms - course->moved_ms >= MIGRATION_STUCK_MS;
	course->state = counts ? progress->state : MIGRATION_NONE;
	course->transferred = progress->ram_transferred;
	course->moved_ms = elapsed_ms;
	return false;
}

struct migration_decision migration_decide(const struct migration_policy *policy, const struct migration_terms *terms,
					   struct migration_course *course, const struct migration_progress *progress,
					   int64_t elapsed_ms)
{
	bool post_copy_waits = terms->post_copy && !course->post_copy && !course->paused;

	if (!course->post_copy && is_stuck(course, progress, elapsed_ms))
		return decide(STEP_GIVE_UP, "the target takes nothing any more");
	if (progress->state != MIGRATION_ACTIVE && progress->state != MIGRATION_SETUP &&
	    progress->state != MIGRATION_WAIT_UNPLUG)
		return nothing();
	if (course->downtime == 0)
		course->downtime = policy->downtime > 0 ? policy->downtime : 1;
	if (policy->budget_ms > 0 && elapsed_ms >= policy->budget_ms && !course->post_copy)
		return over_budget(policy, terms, course, elapsed_ms);
	if (progress->passes <= course->passes)
		return nothing();
	bool stall = is_stall(course, progress);
	if (post_copy_waits && policy->post_copy_after > 0 && progress->passes > policy->post_copy_after)
		return to_post_copy(course, "as many passes as asked");
	if (!stall || course->paused)
		return nothing();
	if (course->downtime < policy->downtime_max)
		return widen(policy, course);
	return post_copy_waits ? to_post_copy(course, "passes do not converge") : nothing();
}

struct deadline migration_next_deadline(const struct migration_policy *policy, const struct migration_course *course,
					int64_t began_ms)
{
	struct deadline stuck = DEADLINE_NEVER;
	int64_t ms = policy->budget_ms;

	if (course->post_copy)
		return DEADLINE_NEVER;
	if (course->state != MIGRATION_NONE)
		stuck.at_ms = began_ms + course->moved_ms + MIGRATION_STUCK_MS;
	if (ms == 0)
		return stuck;
	if (course->paused)
		ms += ms > PAUSED_GRACE_MS ? ms : PAUSED_GRACE_MS;
	return deadline_earlier(stuck, (struct deadline){ began_ms + ms });
}
