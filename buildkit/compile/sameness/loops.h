/* Each loop counts down until it lets the interpreter do what waits: gives how many rounds there are to the next time. */
#define BUILDKIT_FIRST_ROUNDS 256
static int buildkit_pause(void);
