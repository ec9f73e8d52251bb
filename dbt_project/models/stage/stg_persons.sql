-- One row per patient who is the same person as another; built whole, it is small.

{{ config(materialized = 'table') }}

with persons as (
    select * from {{ source('raw', 'persons') }}
),

deidentified as (
    {{ deidentified('persons', 'persons') }}
)

select * from deidentified
