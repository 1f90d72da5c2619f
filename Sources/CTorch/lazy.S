// An entry for each function of functions.inc: a jump through a slot. The slot leads to the rest of the entry, which asks `ct_bind` (loading.c) where to go,
// until that has filled it. Entries are weak, so that a program that links the functions themselves has these instead.
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

    .section .data.ct_slots, "aw", %progbits
    .balign 8
    .hidden ct_slots
    .globl ct_slots
ct_slots:
    .text
    .set index, 0

#if defined(__x86_64__)

.macro entry name
    .weak \name
    .type \name, @function
\name:
    jmp *.Lslot_\name(%rip)
.Lfirst_\name:
    pushq $index
    jmp .Lbind
    .size \name, . - \name
    .section .data.ct_slots
.Lslot_\name:
    .quad .Lfirst_\name
    .text
    .set index, index + 1
.endm

// On the stack: the index, and above it where the caller goes on. All registers that can hold an argument are kept.
.Lbind:
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %r8
    pushq %r9
    subq $128, %rsp
    movups %xmm0, 0(%rsp)
    movups %xmm1, 16(%rsp)
    movups %xmm2, 32(%rsp)
    movups %xmm3, 48(%rsp)
    movups %xmm4, 64(%rsp)
    movups %xmm5, 80(%rsp)
    movups %xmm6, 96(%rsp)
    movups %xmm7, 112(%rsp)
    movl 176(%rsp), %edi
    call ct_bind
    movq %rax, %r11
    movups 0(%rsp), %xmm0
    movups 16(%rsp), %xmm1
    movups 32(%rsp), %xmm2
    movups 48(%rsp), %xmm3
    movups 64(%rsp), %xmm4
    movups 80(%rsp), %xmm5
    movups 96(%rsp), %xmm6
    movups 112(%rsp), %xmm7
    addq $128, %rsp
    popq %r9
    popq %r8
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    addq $8, %rsp
    jmp *%r11

#else

.macro entry name
    .weak \name
    .type \name, %function
\name:
    adrp x16, .Lslot_\name
    ldr x16, [x16, #:lo12:.Lslot_\name]
    br x16
.Lfirst_\name:
    mov w17, #index
    b .Lbind
    .size \name, . - \name
    .section .data.ct_slots
.Lslot_\name:
    .quad .Lfirst_\name
    .text
    .set index, index + 1
.endm

// In w17: the index. All registers that can hold an argument, or the address of a result, are kept.
.Lbind:
    stp x29, x30, [sp, #-16]!
    mov x29, sp
    stp x0, x1, [sp, #-16]!
    stp x2, x3, [sp, #-16]!
    stp x4, x5, [sp, #-16]!
    stp x6, x7, [sp, #-16]!
    stp x8, xzr, [sp, #-16]!
    stp q0, q1, [sp, #-32]!
    stp q2, q3, [sp, #-32]!
    stp q4, q5, [sp, #-32]!
    stp q6, q7, [sp, #-32]!
    mov w0, w17
    bl ct_bind
    mov x16, x0
    ldp q6, q7, [sp], #32
    ldp q4, q5, [sp], #32
    ldp q2, q3, [sp], #32
    ldp q0, q1, [sp], #32
    ldp x8, xzr, [sp], #16
    ldp x6, x7, [sp], #16
    ldp x4, x5, [sp], #16
    ldp x2, x3, [sp], #16
    ldp x0, x1, [sp], #16
    ldp x29, x30, [sp], #16
    br x16

#endif

#define STATUS(name) entry name
#define PLAIN(name) entry name
#include "functions.inc"

#endif

#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif
