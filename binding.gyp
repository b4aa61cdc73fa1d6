# The CPU addon. Each instruction set is a static library of its own: the same kernel sources, its own compiler flags.
{
  "variables": {
    "kernel_sources": [
      "native/cpu/kernels/attention.cpp",
      "native/cpu/kernels/embedding.cpp",
      "native/cpu/kernels/layer_norm.cpp",
      "native/cpu/kernels/linear.cpp",
      "native/cpu/kernels/peak.cpp",
      "native/cpu/kernels/pool.cpp",
      "native/cpu/kernels/rows.cpp",
      "native/cpu/kernels/table.cpp",
    ],
    "warnings": ["-Wall", "-Wextra", "-Werror"],
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
        "native/core/backends.cpp",
        "native/core/buffer_pool.cpp",
        "native/core/call_checker.cpp",
        "native/core/command.cpp",
        "native/core/data_checks.cpp",
        "native/core/engine.cpp",
        "native/core/machine.cpp",
        "native/core/op_call.cpp",
        "native/core/op_checks.cpp",
        "native/core/op_specs.cpp",
        "native/core/staging_pool.cpp",
        "native/core/tensor_table.cpp",
        "native/core/thread_pool.cpp",
        "native/mock/mock_backend.cpp",
        "native/reference/attention.cpp",
        "native/reference/embedding.cpp",
        "native/reference/layer_norm.cpp",
        "native/reference/linear.cpp",
        "native/reference/pool.cpp",
        "native/reference/rows.cpp",
        "native/reference/table.cpp",
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        # ALL: what the standard library throws, std::bad_alloc say, becomes a JavaScript error too
        "NAPI_VERSION=9", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_ADDON_API_CPP_EXCEPTIONS_ALL",
        "LIKEWISE_VERSION=\"<!(node -p \"require('./package.json').version\")\"",
      ],
      "conditions": [
        ["target_arch=='x64'", {"dependencies": ["kernels_avx2", "kernels_avx512"]}],
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
            # gcc 12's own AVX-512 headers read variables that they left undefined on purpose
            "-Wno-uninitialized", "-Wno-maybe-uninitialized",
          ],
          "xcode_settings": {
            "OTHER_CPLUSPLUSFLAGS": ["-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx2", "-mfma"],
          },
        },
      ],
    }],
  ],
}
