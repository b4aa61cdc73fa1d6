# The CPU addon. Each instruction set is a static library of its own: the same kernel sources, its own compiler flags.
{
  "variables": {
    "kernel_sources": [
      "native/cpu/kernels/linear/activation_gradient.cpp",
      "native/cpu/kernels/attention/attention.cpp",
      "native/cpu/kernels/attention/attention_bfloat16.cpp",
      "native/cpu/kernels/attention/attention_gradient.cpp",
      "native/cpu/kernels/attention/attention_gradient_bfloat16.cpp",
      "native/cpu/kernels/loss/cosine_softmax_loss.cpp",
      "native/cpu/kernels/loss/vocabulary_loss.cpp",
      "native/cpu/kernels/loss/vocabulary_loss_bfloat16.cpp",
      "native/cpu/kernels/rows/dropout.cpp",
      "native/cpu/kernels/eigen/covariance.cpp",
      "native/cpu/kernels/eigen/eigen.cpp",
      "native/cpu/kernels/rows/embedding.cpp",
      "native/cpu/kernels/rows/embedding_gradient.cpp",
      "native/cpu/kernels/rows/layer_norm.cpp",
      "native/cpu/kernels/rows/layer_norm_gradient.cpp",
      "native/cpu/kernels/linear/linear.cpp",
      "native/cpu/kernels/linear/linear_bfloat16.cpp",
      "native/cpu/kernels/linear/linear_gradient.cpp",
      "native/cpu/kernels/linear/linear_int8.cpp",
      "native/cpu/kernels/optimizer/lamb.cpp",
      "native/cpu/kernels/optimizer/optimizer.cpp",
      "native/cpu/kernels/peak/peak.cpp",
      "native/cpu/kernels/peak/peak_int8.cpp",
      "native/cpu/kernels/rows/pool.cpp",
      "native/cpu/kernels/rows/pool_gradient.cpp",
      "native/cpu/kernels/rows/rows.cpp",
      "native/cpu/kernels/rows/rows_int8.cpp",
      "native/cpu/kernels/tables/table.cpp",
      "native/cpu/kernels/rows/table_rows.cpp",
      "native/cpu/kernels/eigen/whiten.cpp",
    ],
    # What an instruction set for int8 alone is better at.
    "int8_kernel_sources": [
      "native/cpu/kernels/linear/linear_int8.cpp",
      "native/cpu/kernels/peak/peak_int8.cpp",
      "native/cpu/kernels/tables/table_int8.cpp",
    ],
    # What an instruction set for bfloat16 alone is better at.
    "bfloat16_kernel_sources": [
      "native/cpu/kernels/linear/linear_gradient_pairs.cpp",
      "native/cpu/kernels/linear/linear_pairs.cpp",
      "native/cpu/kernels/attention/attention_bfloat16.cpp",
      "native/cpu/kernels/attention/attention_gradient_bfloat16.cpp",
      "native/cpu/kernels/loss/vocabulary_loss_bfloat16.cpp",
      "native/cpu/kernels/peak/peak_bfloat16.cpp",
      "native/cpu/kernels/tables/table_bfloat16.cpp",
    ],
    # What is multiplied in tiles.
    "tile_kernel_sources": [
      "native/cpu/kernels/attention/attention_bfloat16.cpp",
      "native/cpu/kernels/attention/attention_gradient_bfloat16.cpp",
      "native/cpu/kernels/linear/linear_gradient_pairs.cpp",
      "native/cpu/kernels/linear/linear_int8.cpp",
      "native/cpu/kernels/linear/linear_pairs.cpp",
      "native/cpu/kernels/loss/vocabulary_loss_bfloat16.cpp",
      "native/cpu/kernels/peak/peak_tiles.cpp",
      "native/cpu/kernels/tables/table_tiles.cpp",
    ],
    # Errors in a checkout, where scripts/build-addon.mjs says so: a later compiler's new warning must not stop an install.
    "warnings_are_errors%": 0,
    "warnings": ["-Wall", "-Wextra"],
    # gcc 12's own AVX-512 headers read variables that they left undefined on purpose; clang does not know the last one.
    "undefined_in_headers": ["-Wno-uninitialized", "-Wno-unknown-warning-option", "-Wno-maybe-uninitialized"],
  },
  "target_defaults": {
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["-std=c++20", "-O3", "-fvisibility=hidden", "-fno-math-errno", "<@(warnings)"],
    "cflags!": ["-O3"],
    "xcode_settings": {
      "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "GCC_OPTIMIZATION_LEVEL": "3",
      "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
      "MACOSX_DEPLOYMENT_TARGET": "12.0",
      "OTHER_CPLUSPLUSFLAGS": ["-fno-math-errno", "<@(warnings)"],
    },
    "conditions": [
      ["warnings_are_errors==1", {
        "cflags_cc": ["-Werror"],
        "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["-Werror"]},
      }],
    ],
  },
  "targets": [
    {
      "target_name": "likewise",
      "sources": [
        "native/addon/addon.cpp",
        "native/addon/arguments.cpp",
        "native/addon/completions.cpp",
        "native/addon/description.cpp",
        "native/addon/engine_reaper.cpp",
        "native/addon/engine_report.cpp",
        "native/core/amx_permission.cpp",
        "native/core/backends.cpp",
        "native/core/buffer_pool.cpp",
        "native/core/call_checker.cpp",
        "native/core/command.cpp",
        "native/core/data_checks.cpp",
        "native/core/engine.cpp",
        "native/core/machine.cpp",
        "native/core/op_call.cpp",
        "native/core/op_checks.cpp",
        "native/core/op_checks_attention.cpp",
        "native/core/op_checks_bfloat16.cpp",
        "native/core/op_checks_int8.cpp",
        "native/core/op_checks_rows.cpp",
        "native/core/op_checks_plain.cpp",
        "native/core/op_checks_loss.cpp",
        "native/core/op_checks_linear_gradient.cpp",
        "native/core/op_checks_optimizer.cpp",
        "native/core/op_checks_whitening.cpp",
        "native/core/op_specs.cpp",
        "native/core/staging_pool.cpp",
        "native/core/tensor_table.cpp",
        "native/core/thread_pool.cpp",
        "native/mock/mock_backend.cpp",
        "native/reference/attention.cpp",
        "native/reference/attention_gradient.cpp",
        "native/reference/bfloat16.cpp",
        "native/reference/cosine_softmax_loss.cpp",
        "native/reference/covariance.cpp",
        "native/reference/eigen.cpp",
        "native/reference/embedding.cpp",
        "native/reference/int8.cpp",
        "native/reference/layer_norm.cpp",
        "native/reference/linear.cpp",
        "native/reference/linear_gradient.cpp",
        "native/reference/optimizer.cpp",
        "native/reference/plain.cpp",
        "native/reference/pool.cpp",
        "native/reference/pool_gradient.cpp",
        "native/reference/row_gradients.cpp",
        "native/reference/rows.cpp",
        "native/reference/table_rows.cpp",
        "native/reference/table.cpp",
        "native/reference/vocabulary_loss.cpp",
        "native/reference/whiten.cpp",
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        # ALL: what the standard library throws, std::bad_alloc say, becomes a JavaScript error too
        "NAPI_VERSION=9", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_ADDON_API_CPP_EXCEPTIONS_ALL",
        "LIKEWISE_VERSION=\"<!(node -p \"require('./package.json').version\")\"",
      ],
      "conditions": [
        ["target_arch=='x64'", {
          "dependencies": [
            "kernels_avx2", "kernels_avx512", "kernels_avx512_vnni", "kernels_avx512_bf16", "kernels_amx",
          ],
        }],
      ],
    },
  ],
  "conditions": [
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "kernels_avx2",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["LIKEWISE_ISA=avx2"],
          "cflags_cc": ["-mavx2", "-mfma", "-fno-exceptions", "-fno-rtti"],
          "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["-mavx2", "-mfma"]},
        },
        {
          "target_name": "kernels_avx512",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["LIKEWISE_ISA=avx512"],
          "cflags_cc": [
            "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx2", "-mfma",
            "-fno-exceptions", "-fno-rtti",
            "<@(undefined_in_headers)",
          ],
          "xcode_settings": {
            "OTHER_CPLUSPLUSFLAGS": ["-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx2", "-mfma"],
          },
        },
        {
          # The kernels in int8 alone, over the table of avx512.
          "target_name": "kernels_avx512_vnni",
          "type": "static_library",
          "sources": ["<@(int8_kernel_sources)"],
          "defines": ["LIKEWISE_ISA=avx512_vnni"],
          "cflags_cc": [
            "-mavx512vnni", "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx2", "-mfma",
            "-fno-exceptions", "-fno-rtti", "<@(undefined_in_headers)",
          ],
          "xcode_settings": {
            "OTHER_CPLUSPLUSFLAGS": [
              "-mavx512vnni", "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx2", "-mfma",
            ],
          },
        },
        {
          # The kernels in bfloat16 alone, over the table of avx512_vnni.
          "target_name": "kernels_avx512_bf16",
          "type": "static_library",
          "sources": ["<@(bfloat16_kernel_sources)"],
          "defines": ["LIKEWISE_ISA=avx512_bf16"],
          "cflags_cc": [
            "-mavx512bf16", "-mavx512vnni", "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx2", "-mfma",
            "-fno-exceptions", "-fno-rtti", "<@(undefined_in_headers)",
          ],
          "xcode_settings": {
            "OTHER_CPLUSPLUSFLAGS": [
              "-mavx512bf16", "-mavx512vnni", "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx2", "-mfma",
            ],
          },
        },
        {
          # What AMX multiplies, in bfloat16 and in int8, over the table of avx512_bf16.
          "target_name": "kernels_amx",
          "type": "static_library",
          "sources": ["<@(tile_kernel_sources)"],
          "defines": ["LIKEWISE_ISA=amx"],
          # not among cflags_cc, where target_defaults takes it out: a TileSession would leave a weak symbol behind
          "cflags": ["-fno-exceptions"],
          "cflags_cc": [
            "-mamx-tile", "-mamx-bf16", "-mamx-int8",
            "-mavx512bf16", "-mavx512vnni", "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx2", "-mfma",
            "<@(undefined_in_headers)",
          ],
          "xcode_settings": {
            "OTHER_CPLUSPLUSFLAGS": [
              "-fno-exceptions", "-mamx-tile", "-mamx-bf16", "-mamx-int8",
              "-mavx512bf16", "-mavx512vnni", "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx2", "-mfma",
            ],
          },
        },
      ],
    }],
  ],
}
